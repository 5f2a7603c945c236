// Makes the lesson's prepared figures and the prepared circuit anew, by training the models they show with the build that
// gives the same bits on every machine: node lessonFigures.mjs writes them, and a test compares them with what is there.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { keyBuilder } from '@induction-lab/core/internal';
import {
  allHeads,
  audit,
  examplePatterns,
  headLabel,
  loadEngine,
  Model,
  parseExperiment,
  segmentsOf,
  startWorkers,
  train,
  withSteps,
} from '@induction-lab/core/node';
import literal from '@induction-lab/core/presets/literal.json' with { type: 'json' };
import varied from '@induction-lab/core/presets/varied.json' with { type: 'json' };
import { exampleSet, lossFigure, modelFigures } from '../../../packages/cli/dist/figures/modelFigures.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const SEED = 1;
/** Long enough for what the lesson says about each, short enough for a test to make them again. */
const RUNS = { literal: { preset: literal, steps: 400 }, varied: { preset: varied, steps: 600 } };
const CIRCUIT_PERIOD = 11;
const WIDTH = 640;

/** The weights of a run after so many steps, and the losses up to there. */
async function trainAnew(engine, { preset, steps, seed }) {
  const experiment = withSteps(parseExperiment(preset), steps);
  const points = [];
  const observer = { onStep: ({ step, segments }) => points.push({ step, segments }) };
  const { weights } = await train({ engine, experiment, seed, threads: 2, startPool: startWorkers(), observer });
  return { weights, points };
}

const rounded = (x) => Math.round(x * 1000) / 1000;

/** What the circuit diagram shows before the bench has a model with such heads. */
function circuit(model, record) {
  const { config } = model;
  const { tokens, heads } = examplePatterns(model, { period: CIRCUIT_PERIOD });
  const size = tokens.length;
  const previousHead = keyBuilder(record).label;
  const inductionHead = [...record.scores.heads].sort((a, b) => b.inductionExcess.value - a.inductionExcess.value)[0]
    .label;
  const labels = allHeads(config).map(({ layer, head }) => headLabel(layer, head));
  const weight = (label, query, key) => rounded(heads[labels.indexOf(label)].pattern[query * size + key]);
  const { lossPerPosition } = model.run([tokens]);
  const positions = tokens.map((_, i) => i);
  return {
    period: CIRCUIT_PERIOD,
    tokens,
    previousHead,
    inductionHead,
    previous: positions.map((k) => (k === 0 ? 0 : weight(previousHead, k, k - 1))),
    match: positions.map((q) =>
      q >= CIRCUIT_PERIOD && q < 2 * CIRCUIT_PERIOD - 1 ? weight(inductionHead, q, q - CIRCUIT_PERIOD + 1) : 0,
    ),
    truth: [...lossPerPosition].map((loss) => rounded(Math.exp(-loss))),
  };
}

/**
 * Every prepared file: its path from the repository's root, and its text. Both presets keep their learning rate, so that
 * whoever has trained them for longer may give the state after these steps.
 */
export async function prepare(trained = trainAnew) {
  const engine = await loadEngine({ exact: true });
  const files = new Map();
  for (const [name, run] of Object.entries(RUNS)) {
    const { weights, points } = await trained(engine, { ...run, name, seed: SEED });
    const { model: config, task } = parseExperiment(run.preset);
    const model = new Model(engine, config);
    const segments = segmentsOf(task).filter(({ single }) => !single);
    model.setWeights(weights);
    const record = audit(model, { sequences: 32 });
    const figures = modelFigures(name, { audit: record }, exampleSet(model));
    const drawn = {
      loss: lossFigure(name, { points, segments, lnVocab: record.evidence.lnVocab, xScale: 'linear' }),
      scores: figures.scores,
      periods: figures['loss-by-period'],
      patterns: figures['patterns-control'],
    };
    for (const [figure, draw] of Object.entries(drawn))
      for (const [theme, ending] of [
        ['light', ''],
        ['dark', '-dark'],
      ])
        files.set(`docs/images/lesson/${name}-${figure}${ending}.svg`, draw(theme, WIDTH));
    if (name === 'varied')
      files.set('apps/lab/src/lesson/preparedCircuit.json', `${JSON.stringify(circuit(model, record), null, 2)}\n`);
  }
  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync(`${root}docs/images/lesson`, { recursive: true });
  for (const [path, text] of await prepare()) {
    writeFileSync(root + path, text);
    console.log(`${path}: ${text.length} bytes`);
  }
}
