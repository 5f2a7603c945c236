// Where a training step's time goes: node benchmarks/profile.mjs [--batch 64] [--d-model 64] [--no-layer-norm] [--exact]
// One thread; every kernel is wrapped in a clock, which itself costs some per cent, so read the shares, not the sum.
import { parseArgs } from 'node:util';
import { instantiateKernels } from '../packages/core/dist/engine/wasm/kernels.js';
import { WasmModelOps } from '../packages/core/dist/engine/wasm/wasmModelOps.js';
import { WasmOptimizerOps } from '../packages/core/dist/engine/wasm/wasmOptimizerOps.js';
import { loadEngine, parseExperiment } from '../packages/core/dist/node.js';
import { initialize } from '../packages/core/dist/training/initialize.js';
import { planTraining } from '../packages/core/dist/training/parallel/plan.js';
import { TrainingWorker } from '../packages/core/dist/training/parallel/trainingWorker.js';
import { sourceOf } from '../packages/core/dist/training/sourceOf.js';
import { referenceExperiment } from './experiment.mjs';
import { median } from './race.mjs';

const WARM_UP = 20;
const STEPS = 80;

const { values } = parseArgs({
  options: {
    batch: { type: 'string', default: '64' },
    'd-model': { type: 'string', default: '64' },
    'no-layer-norm': { type: 'boolean', default: false },
    exact: { type: 'boolean', default: false },
  },
});
const batch = Number(values.batch);
const dModel = Number(values['d-model']);
const experiment = parseExperiment(referenceExperiment({ batch, dModel, layerNorm: !values['no-layer-norm'] }));
const engine = await loadEngine({ exact: values.exact });

/** The engine with `wrap` around each kernel. */
const wrapped = (wrap) => {
  const kernelsOver = ({ memory }) => wrap(instantiateKernels(engine.wasm.module, memory));
  return {
    ...engine,
    opsFor: (sizes, extent, arena) =>
      arena.isMeasuring
        ? engine.opsFor(sizes, extent, arena)
        : new WasmModelOps(kernelsOver(arena), { sizes, extent, arena }),
    optimizerFor: (arena) =>
      arena.isMeasuring ? engine.optimizerFor(arena) : new WasmOptimizerOps(kernelsOver(arena)),
  };
};

/** Median milliseconds of a step; `onWarm` is called when compilers have settled. */
function timeSteps(used, onWarm = () => {}) {
  const source = sourceOf({ experiment, seed: 0 });
  const { plan, weights } = planTraining(used, {
    ...{ experiment, seed: 0, threads: 1 },
    segments: source.segments.length,
  });
  initialize(experiment.model, weights, { seed: 0, std: 0.1 });
  const worker = new TrainingWorker(used, plan, 0, source);
  const times = [];
  for (let step = 1; step <= WARM_UP + STEPS; step++) {
    if (step === WARM_UP + 1) onWarm();
    const start = performance.now();
    worker.step(step);
    times.push(performance.now() - start);
  }
  return median(times.slice(WARM_UP));
}

const spent = new Map();
const timed = (kernels) =>
  Object.fromEntries(
    Object.entries(kernels).map(([kernel, run]) => [
      kernel,
      (...args) => {
        const name = kernel === 'gemm' ? product(args) : kernel;
        const start = performance.now();
        const result = run(...args);
        const entry = spent.get(name) ?? { ms: 0, calls: 0 };
        spent.set(name, { ms: entry.ms + performance.now() - start, calls: entry.calls + 1 });
        return result;
      },
    ]),
  );

/** gemm's uses: the weight gradient reads columns of A. */
const product = (args) => (args[4] === 1 ? 'gemm: weight gradient' : 'gemm: forward, input gradient');

const plain = timeSteps(engine);
timeSteps(wrapped(timed), () => spent.clear());
const kernels = [...spent].sort(([, a], [, b]) => b.ms - a.ms);
const total = kernels.reduce((sum, [, { ms }]) => sum + ms, 0);
console.log(
  `${engine.backend} kernels, batch ${batch}, dModel ${dModel}, one thread: ${plain.toFixed(2)} ms a step (${(1000 / plain).toFixed(1)} steps/s)`,
);
for (const [name, { ms, calls }] of kernels)
  console.log(
    `  ${name.padEnd(32)}${(ms / STEPS).toFixed(3).padStart(8)} ms ${((100 * ms) / total).toFixed(1).padStart(5)} %  ${(calls / STEPS / batch).toFixed(1).padStart(5)} calls a sequence`,
  );
