// Steps a second on the GPU, for one run and for ensembles of 8 and 32, beside the CPU's: the reference step.
import { setMaxListeners } from 'node:events';
import { loadEngine, parseExperiment, startWorkers, train } from '../packages/core/dist/node.js';
import { GpuError, openGpu, trainEnsemble } from '../packages/core/dist/nodeGpu.js';
import { allThreads } from './competitors.mjs';
import { referenceExperiment } from './experiment.mjs';
import { median } from './race.mjs';

const MEMBERS = [1, 8, 32];

/** What eight seeds together are to reach, in steps of a member: so many times the CPU's. */
const TARGET = { members: 8, times: 3 };

/**
 * { adapter, driver, batch, dModel, cpu, ensembles }: steps a second, of all members together. { missing } says why there are none. `name`
 * asks for an adapter, which may be a software one.
 */
export async function measureGpu({ rounds, seconds, batch, dModel, name, say }) {
  const experiment = parseExperiment(referenceExperiment({ batch, dModel, layerNorm: true }));
  const engine = await loadEngine();
  const run = { engine, experiment };
  const window = { rounds, seconds };
  let gpu;
  let cpu;
  const ensembles = [];
  try {
    gpu = await openGpu(name === undefined ? {} : { name });
    say(`GPU: ${gpu.info.adapter} ...`);
    const onCpu = (watch) => train({ ...run, seed: 1, ...watch, threads: allThreads, startPool: startWorkers() });
    cpu = await stepsPerSecond(window, onCpu);
    for (const members of MEMBERS) {
      say(`GPU: ${members} at once ...`);
      const steps = await stepsPerSecond(window, async ({ observer, signal }) => {
        const seeds = Array.from({ length: members }, (_, seed) => ({ ...run, seed, signal }));
        const results = await trainEnsemble(gpu, [{ ...seeds[0], observer }, ...seeds.slice(1)]);
        for (const { reason } of results) if (reason) throw reason;
      });
      ensembles.push(outcome({ members, memberSteps: members * steps, cpu }));
    }
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    return { missing: error.message };
  }
  return { ...gpu.info, batch, dModel, cpu, ensembles };
}

function outcome({ members, memberSteps, cpu }) {
  const ratio = memberSteps / cpu;
  const target = members === TARGET.members ? TARGET.times : null;
  return { members, memberSteps, ratio, target, passed: target === null ? null : ratio >= target };
}

/** The median of some windows of a training without an end, the first of which is for warming up. */
async function stepsPerSecond({ rounds, seconds }, begin) {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // every member listens
  const rates = [];
  let since = null;
  let steps = 0;
  const onStep = () => {
    const now = performance.now();
    since ??= now;
    steps++;
    if (now - since < 1000 * seconds) return;
    rates.push((1000 * steps) / (now - since));
    [since, steps] = [now, 0];
    if (rates.length > rounds) stop.abort();
  };
  await begin({ observer: { onStep }, signal: stop.signal });
  return median(rates.slice(1, rounds + 1));
}
