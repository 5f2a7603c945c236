// A Python that has PyTorch and TransformerLens, in two versions beside each other: .cache/bridge, made once.
// PyTorch is the benchmark's (benchmarks/pytorch.mjs); everything else comes from PyPI.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPyTorch } from '../../benchmarks/pytorch.mjs';

/** The last version with HookedTransformer, and TransformerBridge. */
export const VERSIONS = { legacy: '3.9.0', bridge: '4.3.0' };

const cache = fileURLToPath(new URL('../../.cache/bridge', import.meta.url));
const interpreter = join(cache, 'venv/bin/python');
const finished = join(cache, 'finished.json');

/**
 * Functions by version that run a script: (script, ...arguments) → what it printed. Installs what is missing. Throws an Error
 * with the last line that Python said.
 */
export function transformerLens(say = console.log) {
  const torch = findPyTorch({ install: true, say });
  if (torch.missing) throw new Error(`test:bridge: no PyTorch: ${torch.missing}.`);
  if (!existsSync(finished)) install(torch, say);
  const run =
    (version) =>
    (script, ...args) => {
      const env = {
        ...torch.env,
        PYTHONPATH: folderOf(version),
        PYTHONDONTWRITEBYTECODE: '1',
        HF_HUB_OFFLINE: '1',
        TQDM_DISABLE: '1',
      };
      return spoken(interpreter, [fileURLToPath(new URL(script, import.meta.url)), ...args], env);
    };
  return Object.fromEntries(Object.entries(VERSIONS).map(([name, version]) => [name, run(version)]));
}

/** Runs lines of Python in a folder, in the same environment; returns what they printed. */
export function python(code, { cwd, path = process.env.PATH }, say = console.log) {
  transformerLens(say);
  return spoken(interpreter, ['-c', code], { PATH: path, PYTHONDONTWRITEBYTECODE: '1' }, cwd);
}

const folderOf = (version) => join(cache, `transformer-lens-${version}`);

function install(torch, say) {
  say(
    `Installing TransformerLens ${Object.values(VERSIONS).join(' and ')} into .cache/bridge (once; some minutes) ...`,
  );
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  spoken('python3', ['-m', 'venv', join(cache, 'venv')]);
  const ask = (command, code, env) => spoken(command, ['-c', code], env).trim();
  const site = ask(interpreter, 'import sysconfig; print(sysconfig.get_path("purelib"))');
  const code = 'import torch, pathlib; print(torch.__version__); print(pathlib.Path(torch.__file__).parents[1])';
  const [version, theirs] = ask(torch.command, code, torch.env).split('\n').slice(-2);
  // PyTorch itself is found there; that it asks for CUDA's libraries is kept from pip.
  writeFileSync(join(site, 'torch.pth'), `${theirs}\n`);
  const record = join(site, `torch-${version}.dist-info`);
  mkdirSync(record);
  writeFileSync(join(record, 'METADATA'), `Metadata-Version: 2.1\nName: torch\nVersion: ${version}\n`);
  const pip = (...args) =>
    spoken(interpreter, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args]);
  for (const each of Object.values(VERSIONS)) {
    pip('--no-deps', '--target', folderOf(each), `transformer-lens==${each}`);
    pip(`transformer-lens==${each}`, 'safetensors'); // for what it depends on
  }
  spoken(interpreter, ['-m', 'pip', 'uninstall', '--quiet', '--yes', 'transformer-lens']);
  writeFileSync(finished, JSON.stringify(VERSIONS));
}

function spoken(command, args, env = {}, cwd = process.cwd()) {
  const options = { env: { ...process.env, ...env }, cwd, encoding: 'utf8', maxBuffer: 2 ** 28 };
  const result = spawnSync(command, args, options);
  if (result.status === 0) return result.stdout;
  const said = (result.error?.message ?? result.stderr).trim().split('\n').slice(-12).join('\n');
  throw new Error(`test:bridge: ${command} ${args.slice(0, 4).join(' ')} failed:\n${said}`);
}
