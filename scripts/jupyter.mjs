// What the notebook needs from the machine: Deno's kernel, described in a folder of the project (never in the user's
// home), a Python that can run notebooks without a window, and Jupyter to open them in.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const notebooks = join(root, 'notebooks');
/** Ignored by git: it names places on this machine. */
const folder = join(notebooks, '.jupyter');

/** The environment in which Jupyter finds the kernel, before any other of that name. */
export const jupyterEnvironment = () => ({
  ...process.env,
  JUPYTER_PATH: [folder, process.env.JUPYTER_PATH].filter(Boolean).join(delimiter),
});

/** Deno's program file: npm puts the one for this platform into a package of its own. */
function denoFile() {
  const target = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}`;
  try {
    const at = dirname(createRequire(import.meta.url).resolve(`@deno/${target}/package.json`));
    const file = join(at, process.platform === 'win32' ? 'deno.exe' : 'deno');
    if (existsSync(file)) return file;
  } catch {
    // the sentence below says it
  }
  throw new Error(
    `The notebook's kernel, Deno, is not installed for ${target}; run "npm ci" without --omit. If it is still missing, npm has no Deno for this platform: use the command line or the report instead (npm start).`,
  );
}

/** Writes the kernel's description anew, since it holds absolute paths. Returns the folder for JUPYTER_PATH. */
export function writeKernel() {
  const kernel = {
    argv: [denoFile(), 'jupyter', '--kernel', '--conn', '{connection_file}'],
    display_name: 'Deno',
    language: 'typescript',
    env: { NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1', DENO_DIR: join(folder, 'deno') },
  };
  const place = join(folder, 'kernels', 'deno');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'kernel.json'), `${JSON.stringify(kernel, null, 2)}\n`);
  return folder;
}

const works = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** A Python that has nbclient, or null. Debian's own is asked too: another `python3` may hide it. */
export const pythonWithClient = () =>
  ['python3', '/usr/bin/python3', 'python', 'py'].find((python) =>
    works(python, ['-c', 'import nbclient, nbformat']),
  ) ?? null;

/** The command that opens a notebook in JupyterLab or classic Jupyter, or null. */
export function jupyterCommand() {
  const commands = [
    ['jupyter-lab'],
    ['jupyter-notebook'],
    ...['python3', '/usr/bin/python3', 'python', 'py'].flatMap((python) =>
      ['jupyterlab', 'notebook'].map((module) => [python, '-m', module]),
    ),
  ];
  return commands.find(([command, ...args]) => works(command, [...args, '--version'])) ?? null;
}

export const INSTALL_JUPYTER = `Jupyter is not installed here. Install it, then run "npm run notebook" again:
  Debian, Ubuntu   sudo apt-get install jupyter-notebook
  macOS            brew install jupyterlab
  Windows          py -m pip install jupyterlab
  with pipx        pipx install jupyterlab
VS Code needs Jupyter too; docs/notebook.md says how to use the notebook there. With nothing to install: npm start
runs the experiment and writes a report.`;

const INSTALL_CLIENT = `To run the notebook without a window, Python needs the packages nbclient and nbformat. Install them, then try again:
  Debian, Ubuntu   sudo apt-get install python3-nbclient jupyter-client
  elsewhere        python3 -m pip install nbclient   (in a virtual environment that is active)`;

/**
 * Makes sure that notebooks can be run without a window. Where Debian's packages can be installed (root and apt-get),
 * that is done; anywhere else it throws an Error that says what to do.
 */
export function setUpClient(say) {
  if (pythonWithClient()) return;
  const packages = ['python3-nbclient', 'python3-nbformat', 'jupyter-client'];
  if (process.platform === 'linux' && process.getuid?.() === 0 && works('apt-get', ['--version'])) {
    say(`Installing ${packages.join(', ')} (once) ...`);
    const apt = (...args) =>
      spawnSync('apt-get', args, {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    apt('update', '-q');
    apt('install', '-y', '-q', '--no-install-recommends', ...packages);
  }
  if (!pythonWithClient()) throw new Error(INSTALL_CLIENT);
}
