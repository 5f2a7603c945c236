// What is measured of induction-lab alone, each with its target: cost of hooks and of keeping activations, the start of
// the command and its memory, the size of the kernels, the gain of a second thread.
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { namedCopies, Parameters } from '../packages/core/dist/model/parameters.js';
import { layOut } from '../packages/core/dist/model/workspace.js';
import { loadEngine, Model, makeBatch, parseExperiment } from '../packages/core/dist/node.js';
import { initialize } from '../packages/core/dist/training/initialize.js';

import { allThreads } from './competitors.mjs';
import { referenceExperiment } from './experiment.mjs';
import { median, pairedRatio, race } from './race.mjs';
import { measureStart } from './start.mjs';

const SEQUENCES = 64;
const CELL = { batch: SEQUENCES, dModel: 64, layerNorm: true };

/** All further measurements: { name, text, target, passed, ... } each. */
export async function measure({ rounds, seconds, ours, say }) {
  say('Measuring hooks, activations, start, memory, kernels, threads ...');
  const engine = await loadEngine();
  const layerNorm = parseExperiment(referenceExperiment(CELL));
  return [
    hooksAbsent(engine, layerNorm, 10 * rounds),
    activationsKept(engine, layerNorm, 10 * rounds),
    ...(await measureStart(Math.min(rounds, 5))),
    kernelSizes(),
    await threadScaling({ rounds, seconds, ours }),
  ];
}

/** Alternates two functions; milliseconds of each, pair by pair. */
function alternate(a, b, pairs) {
  const timed = (run) => {
    const start = performance.now();
    run();
    return performance.now() - start;
  };
  for (let i = 0; i < 10; i++) for (const run of [a, b]) run();
  const times = { a: [], b: [] };
  for (let i = 0; i < pairs; i++)
    for (const side of i % 2 ? ['a', 'b'] : ['b', 'a']) times[side].push(timed(side === 'a' ? a : b));
  return times;
}

/** The program that can be watched, with nobody watching against a watcher that looks at everything and does nothing. */
function hooksAbsent(engine, experiment, pairs) {
  const { model: config } = experiment;
  const arena = engine.createArena();
  const weights = new Parameters(config, arena);
  initialize(config, weights, { seed: 0, std: 0.1 });
  const extent = { sequences: 1, length: config.nCtx };
  const plan = { gradients: true, results: [], splitInputs: [] };
  const { transformer: program } = layOut(arena, { config, engine, weights, extent, plan });
  const { dVocab } = config;
  program.tokens.data.forEach((_, i, tokens) => {
    tokens[i] = (7 * i) % dVocab;
  });
  const forward = (watcher) => () => {
    program.watcher = watcher;
    for (let i = 0; i < 4 * SEQUENCES; i++) program.forward();
  };
  let seen = 0;
  const watcher = {
    forward: () => {
      seen++;
    },
  };
  const { a, b } = alternate(forward(watcher), forward(null), pairs);
  const again = alternate(forward(null), forward(null), pairs);
  const ratio = pairedRatio(a, b);
  const noise = pairedRatio(again.a, again.b);
  if (seen === 0) throw new Error('hooksAbsent: the watcher saw nothing.');
  return {
    name: 'Hooks absent (forward, a do-nothing watcher over none)',
    text: `× ${ratio.median.toFixed(3)} of the time [${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)}]; none over none × ${noise.median.toFixed(3)}`,
    value: ratio.median,
    noise: noise.median,
    target: 'even watching costs ≤ 2 %, so being ready for it costs less',
    passed: ratio.median <= 1.02,
  };
}

/** Model.run against Model.runWithCache with every activation kept. */
function activationsKept(engine, experiment, pairs) {
  const model = new Model(engine, experiment.model);
  const weights = new Parameters(experiment.model, engine.createArena());
  initialize(experiment.model, weights, { seed: 0, std: 0.1 });
  model.setWeights(namedCopies(weights));
  const { tokens } = makeBatch({
    task: experiment.task,
    seed: 0,
    step: 1,
    batch: SEQUENCES,
    dVocab: experiment.model.dVocab,
    length: experiment.model.nCtx,
  });
  const { a, b } = alternate(
    () => model.run(tokens),
    () => model.runWithCache(tokens),
    pairs,
  );
  const ratio = pairedRatio(a, b);
  return {
    name: `All activations kept (${SEQUENCES} sequences)`,
    text: `× ${ratio.median.toFixed(2)} the speed of a plain forward pass [${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}], ${median(b).toFixed(1)} ms against ${median(a).toFixed(1)} ms`,
    value: ratio.median,
    target: '≥ 0.5 ×',
    passed: ratio.median >= 0.5,
  };
}

function kernelSizes() {
  const sizes = ['simd', 'relaxed'].map((build) => {
    const path = fileURLToPath(new URL(`../packages/core/dist/kernels/${build}.wasm`, import.meta.url));
    return existsSync(path) ? statSync(path).size : Number.NaN;
  });
  const kilobytes = (sizes[0] + sizes[1]) / 1000;
  return {
    name: 'Both builds of the kernels',
    text: `${kilobytes.toFixed(1)} kB (plain ${sizes[0]}, relaxed ${sizes[1]} bytes)`,
    value: kilobytes,
    target: '< 60 kB',
    passed: kilobytes < 60,
  };
}

/** The same training on all threads and on one, raced. */
async function threadScaling({ rounds, seconds, ours }) {
  const name = `${allThreads} threads over 1 (batch 64, dModel 64, LayerNorm)`;
  if (allThreads === 1) return { name, missing: 'this machine has one core' };
  const entries = [allThreads, 1].map((threads) => ({
    name: `${threads}`,
    launch: ours.launch({ ...CELL, threads }),
  }));
  const [many, one] = await race(entries, { rounds, seconds });
  if (many.missing || one.missing) return { name, missing: many.missing ?? one.missing };
  const ratio = pairedRatio(many.rates, one.rates);
  return {
    name,
    text: `× ${ratio.median.toFixed(2)} [${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}]`,
    value: ratio.median,
    passed: null,
  };
}
