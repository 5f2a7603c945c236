// How long the whole analysis of one model takes: `node benchmarks/analysis.mjs CHECKPOINT [THREADS]` (after npm run setup).
import { readFileSync } from 'node:fs';
import {
  ABLATION_KINDS,
  ablationEffects,
  audit,
  compositionScores,
  decodeCheckpoint,
  evaluateCircuit,
  headCircuits,
  loadEngine,
  Model,
  pathTable,
  WeightCircuits,
} from '../packages/core/dist/node.js';

const path = process.argv[2];
const threads = Number(process.argv[3] ?? 1);
if (path === undefined) {
  process.stderr.write(
    'error: name a checkpoint, as in node benchmarks/analysis.mjs runs/mine/checkpoints/step-003000.safetensors\n',
  );
  process.exit(2);
}
const engine = await loadEngine({ shared: false, threads });
const { config, weights } = decodeCheckpoint(readFileSync(path), path);
const model = new Model(engine, config);
model.setWeights(weights);
const circuits = new WeightCircuits(config, weights);

let total = 0;
function timed(what, work) {
  const started = performance.now();
  const result = work();
  const seconds = (performance.now() - started) / 1000;
  total += seconds;
  process.stdout.write(`${what.padEnd(44)}${seconds.toFixed(2)} s\n`);
  return result;
}

const record = timed('scores and audit', () => audit(model));
for (const kind of ABLATION_KINDS)
  timed(`${kind} ablation of every head and layer`, () => ablationEffects(model, { kind }));
timed('all paths, 96 sequences, and attribution', () => pathTable(model));
timed('weight circuits and composition', () => [headCircuits(circuits), compositionScores(circuits)]);
timed('evaluation of the circuit', () => evaluateCircuit(model, { audit: record }));
process.stdout.write(
  `${'the whole analysis'.padEnd(44)}${total.toFixed(2)} s (${engine.backend} kernels, ${threads === 1 ? 'one thread' : `${threads} threads`})\n`,
);
