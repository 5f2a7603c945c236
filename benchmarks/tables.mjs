// From how many positions a step on the first layer's tables are worth it: node benchmarks/tables.mjs
// Forward and backward of one thread with tables and without, alternating, for batches and vocabularies around the rule of
// packages/core/src/model/components/rowSum.ts. Below 1 tables gain.
import { Parameters } from '../packages/core/dist/model/parameters.js';
import { Transformer } from '../packages/core/dist/model/transformer.js';
import { loadEngine, parseExperiment } from '../packages/core/dist/node.js';
import { initialize } from '../packages/core/dist/training/initialize.js';
import { ShardGradients } from '../packages/core/dist/training/parallel/shardGradients.js';
import { referenceExperiment } from './experiment.mjs';
import { pairedRatio } from './race.mjs';

const ROUNDS = 60;
const BATCHES = [2, 4, 8, 16, 32, 64];
const VOCABULARIES = [500, 1000, 2000];
const engine = await loadEngine();

/** A function that runs one step of `batch` sequences. */
function stepOf(config, batch, positionsPerStep) {
  const arena = engine.createArena();
  const weights = new Parameters(config, arena);
  initialize(config, weights, { seed: 1, std: 0.1 });
  const extent = { sequences: 1, length: config.nCtx - 1 };
  const ops = engine.opsFor(config, extent, arena);
  const plan = { gradients: true, results: [], splitInputs: [], unwatched: { positionsPerStep } };
  const transformer = new Transformer({ config, extent, plan, ops, arena, weights });
  const gradients = new ShardGradients(config, arena, transformer.tableGradients);
  const carries = transformer.carries();
  for (let t = 0; t < extent.length; t++) {
    transformer.tokens.data[t] = (7 * t) % config.dVocab;
    transformer.targets.data[t] = (7 * t + 7) % config.dVocab;
  }
  return () => {
    weights.changed();
    const start = performance.now();
    for (let s = 0; s < batch; s++) {
      transformer.forward();
      transformer.loss(1);
      transformer.backward(gradients);
    }
    for (const carry of carries) carry(gradients);
    return performance.now() - start;
  };
}

function compare(config, batch) {
  const [withTables, without] = [stepOf(config, batch, Number.POSITIVE_INFINITY), stepOf(config, batch, 0)];
  const times = { a: [], b: [] };
  for (let round = -5; round < ROUNDS; round++) {
    const [a, b] = round % 2 ? [withTables(), without()] : [without(), withTables()].reverse();
    if (round < 0) continue;
    times.a.push(a);
    times.b.push(b);
  }
  const { median, low, high } = pairedRatio(times.a, times.b);
  const perRow = (batch * (config.nCtx - 1)) / (config.dVocab + config.nCtx);
  console.log(
    `batch ${batch}, vocabulary ${config.dVocab}: ${perRow.toFixed(1)} positions a row, × ${median.toFixed(3)} [${low.toFixed(3)}–${high.toFixed(3)}]`,
  );
}

for (const layerNorm of [true, false]) {
  console.log(layerNorm ? 'with LayerNorm' : 'without LayerNorm');
  const { model } = parseExperiment(referenceExperiment({ batch: 64, dModel: 64, layerNorm }));
  for (const batch of BATCHES) compare(model, batch);
  for (const dVocab of VOCABULARIES) compare({ ...model, dVocab }, 64);
}
