// `npm run notebook`: sets up the kernel, builds what is missing and opens the notebook in Jupyter. Arguments go to Jupyter.
//   --kernel             only write the kernel's description, and say where it is
//   --execute [IN OUT]   run a notebook from a clean kernel and write it with its outputs (the notebook itself by default)
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import {
  INSTALL_JUPYTER,
  jupyterCommand,
  jupyterEnvironment,
  notebooks,
  pythonWithClient,
  root,
  writeKernel,
} from './jupyter.mjs';

const NOTEBOOK = join(notebooks, 'induction_heads.ipynb');

/** Builds what is missing and describes the kernel. */
function setUp(...flags) {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/setup.mjs'), ...flags], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  try {
    return writeKernel();
  } catch (error) {
    console.error(error.message);
    return process.exit(1);
  }
}

function execute([from = NOTEBOOK, to = from]) {
  setUp('--jupyter');
  const { status } = spawnSync(pythonWithClient(), [join(root, 'scripts/runNotebook.py'), from, to, notebooks], {
    stdio: 'inherit',
    env: jupyterEnvironment(),
  });
  process.exit(status ?? 1);
}

function open(args) {
  const jupyter = jupyterCommand();
  if (!jupyter) {
    console.error(INSTALL_JUPYTER);
    process.exit(2);
  }
  setUp();
  const [command, ...first] = jupyter;
  const child = spawn(command, [...first, NOTEBOOK, ...args], { stdio: 'inherit', env: jupyterEnvironment() });
  // Ctrl-C reaches Jupyter too, which asks whether to stop: wait for its answer.
  process.on('SIGINT', () => {});
  child.on('exit', (code) => process.exit(code ?? 1));
}

const args = process.argv.slice(2);
if (args[0] === '--execute') execute(args.slice(1));
else if (args[0] === '--kernel')
  console.log(`The kernel is described in ${setUp()}; start what should find it with JUPYTER_PATH set to that folder.`);
else open(args);
