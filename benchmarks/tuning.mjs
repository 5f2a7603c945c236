// PyTorch at its best: tries settings one after another, each raced against the best so far, and keeps what is faster.
// A cell is searched once; the choice is kept in benchmarks/.cache/pytorch-tuning.json until --retune or another version.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from './pytorch.mjs';
import { pairedRatio, race } from './race.mjs';
import { describeCell } from './reference.mjs';
import { describeSettings } from './report.mjs';

const FILE = join(cacheFolder, 'pytorch-tuning.json');

/** A change of settings must be this much faster to be kept: less is noise. */
const WORTHWHILE = 1.01;

/** What compiling a step may take. */
const LIMIT = 300_000;

const START = { attention: 'bmm', optimizer: 'fused', compile: 'off', env: {} };

/** Changes to try in turn. Those of the environment reach OpenMP and the BLAS, which read it when they load. */
function changes(threads, build) {
  const environment = (env) => (settings) => ({ ...settings, env: { ...settings.env, ...env } });
  const all = Array.from({ length: threads }, (_, i) => i).join(' ');
  const openBlas512 = /openblas|unknown/i.test(build) && /avx.?512/i.test(`${build} ${cpuFlags()}`);
  return [
    (settings) => ({ ...settings, optimizer: 'foreach' }),
    (settings) => ({ ...settings, attention: 'sdpa' }),
    (settings) => ({ ...settings, compile: 'default' }),
    (settings) => ({ ...settings, compile: 'cppWrapper' }),
    ...(openBlas512 ? [environment({ OPENBLAS_CORETYPE: 'SkylakeX' })] : []),
    ...(threads > 1 ? [environment({ GOMP_CPU_AFFINITY: all }), environment({ OMP_WAIT_POLICY: 'active' })] : []),
  ];
}

function cpuFlags() {
  const file = '/proc/cpuinfo';
  return existsSync(file) ? (/^flags.*/m.exec(readFileSync(file, 'utf8'))?.[0] ?? '') : '';
}

/** The fastest settings found for PyTorch in this cell. */
export async function tunedSettings(pytorch, cell, { again, say }) {
  const probe = (settings) =>
    race([{ name: 'probe', launch: pytorch.launch(cell, settings) }], { rounds: 1, seconds: 0.1 });
  // An old PyTorch has no fused optimiser on the CPU; then the search starts from the other one.
  let start = START;
  let [about] = await probe(start);
  if (about.missing) {
    start = { ...START, optimizer: 'foreach' };
    [about] = await probe(start);
  }
  if (about.missing) return start; // the race itself will say why
  const key = JSON.stringify([about.version, cpus()[0]?.model, cell]);
  const known = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {};
  if (known[key] && !again) return known[key];
  say(`Tuning PyTorch: ${describeCell(cell)} ...`);
  let best = start;
  for (const change of changes(cell.threads, about.build)) {
    const candidate = change(best);
    const entries = [candidate, best].map((settings, i) => ({
      name: String(i),
      launch: pytorch.launch(cell, settings),
    }));
    const [a, b] = await race(entries, { rounds: 5, seconds: 0.5, limit: LIMIT });
    if (b.missing) throw new Error(b.missing);
    const ratio = a.missing ? 0 : pairedRatio(a.rates, b.rates).median;
    say(`  ${describeSettings(candidate)}: ${a.missing ? `failed (${a.missing})` : `× ${ratio.toFixed(2)}`}`);
    if (ratio > WORTHWHILE) best = candidate;
  }
  mkdirSync(cacheFolder, { recursive: true });
  writeFileSync(FILE, JSON.stringify({ ...known, [key]: best }, null, 2));
  return best;
}
