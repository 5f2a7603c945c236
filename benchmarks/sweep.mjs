// What a sweep costs besides its runs, and how fast it is beside as many single runs started by hand.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allThreads } from './competitors.mjs';

const COMMAND = fileURLToPath(new URL('../packages/cli/bin/induction-lab.js', import.meta.url));

const STEPS = 600;
/** Runs by hand and as a sweep, so many for each core. */
const RUNS_A_CORE = 4;
/** Tiny jobs by which the cost of one is told. */
const TINY = 60;

/** At most so much of a run of 600 steps may a job cost besides it, and at least so much of the throughput is to be there. */
const TARGETS = { overhead: 0.03, throughput: 0.95 };

/** Measurements, as the report prints them; a few minutes. */
export async function measureSweep({ say }) {
  const folder = mkdtempSync(join(tmpdir(), 'induction-lab-benchmark-'));
  try {
    const measure = { audit: false, scores: false, curves: false };
    say('Sweep: the cost of a job ...');
    const short = { steps: 3, measure };
    const one = await sweep(folder, { ...short, seeds: 1, jobs: 1 });
    const many = await sweep(folder, { ...short, seeds: TINY + 1, jobs: 1 });
    const each = (many.clock - many.runs - (one.clock - one.runs)) / TINY;
    const count = RUNS_A_CORE * allThreads;
    say(`Sweep: ${count} runs by hand, and as a sweep ...`);
    const byHand = await runsByHand(folder, count);
    const swept = await sweep(folder, { steps: STEPS, measure, seeds: count, jobs: allThreads });
    return [
      outcome('a job besides its run of 600 steps', {
        value: each / (swept.runs / count),
        text: (share) => `${(100 * share).toFixed(2)} % (${(1000 * each).toFixed(1)} ms)`,
        target: `≤ ${100 * TARGETS.overhead} %`,
        passes: (share) => share <= TARGETS.overhead,
      }),
      outcome(`throughput of ${count} runs beside single runs by hand`, {
        value: byHand / swept.clock,
        text: (ratio) => `× ${ratio.toFixed(2)} (${swept.clock.toFixed(1)} s, by hand ${byHand.toFixed(1)} s)`,
        target: `≥ ${TARGETS.throughput}`,
        passes: (ratio) => ratio >= TARGETS.throughput,
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const outcome = (name, { value, text, target, passes }) => ({
  name: `sweep: ${name}`,
  text: text(value),
  target,
  passed: passes(value),
});

let sweeps = 0;

/** Seconds on the clock, and those of the runs themselves. */
async function sweep(folder, { steps, measure, seeds, jobs }) {
  const [file, out] = [join(folder, `sweep-${++sweeps}.json`), join(folder, `out-${sweeps}`)];
  const set = { 'training.steps': steps, 'training.warmupSteps': 0 };
  writeFileSync(file, JSON.stringify({ name: 'cost', preset: 'varied', set, seeds, measure }));
  const clock = await timed(() => command('sweep', file, '--out', out, '--jobs', jobs, '--threads', 1, '--quiet'));
  const results = readdirSync(join(out, 'results')).flatMap((shard) =>
    readdirSync(join(out, 'results', shard)).map((name) => join(out, 'results', shard, name)),
  );
  const runs = results.reduce((sum, path) => sum + JSON.parse(readFileSync(path, 'utf8')).seconds, 0);
  return { clock, runs };
}

/** Seconds of as many trainings, one for each core at a time, as a person starts them. */
async function runsByHand(folder, count) {
  let next = 1;
  const work = async () => {
    for (let seed = next++; seed <= count; seed = next++)
      await command(
        ...['train', '--preset', 'varied', '--steps', STEPS, '--seed', seed, '--threads', 1, '--quiet'],
        ...['--out', join(folder, `hand-${seed}`)],
      );
  };
  return timed(() => Promise.all(Array.from({ length: allThreads }, work)));
}

async function timed(work) {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

async function command(...args) {
  const child = spawn(process.execPath, [COMMAND, ...args.map(String)], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`induction-lab ${args.join(' ')} ended with ${code}.`);
}
