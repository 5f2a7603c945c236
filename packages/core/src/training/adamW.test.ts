// A training loop of one's own, from the public entry, and what its optimiser does to every weight.
import { describe, expect, test } from 'vitest';
import { type Engine, referenceEngine } from '../engine/engine.ts';
import type { NamedWeights } from '../model/parameters.ts';
import { AdamW, initialModel, loadEngine, type Model, makeBatch, parseExperiment, trainingStep } from '../node.ts';

const exact = await loadEngine({ exact: true });
const experiment = parseExperiment({
  name: 'own loop',
  model: {
    nLayers: 2,
    nHeads: 2,
    dModel: 22,
    dHead: 7,
    nCtx: 19,
    dVocab: 11,
    positions: 'shortformer',
    normalization: 'LN',
  },
  task: { kind: 'repeated', period: 5 },
  training: { steps: 1, batch: 1, learningRate: 1 },
});

test('a loop of ten lines trains a model', () => {
  const model = initialModel(exact, experiment, 1);
  const optimizer = new AdamW(model, { learningRate: 0.01 });
  const losses: number[] = [];
  for (let step = 1; step <= 120; step++) {
    const { tokens } = makeBatch({ task: experiment.task, seed: 1, step, batch: 8, dVocab: 11, length: 19 });
    losses.push(trainingStep({ model, optimizer, tokens, queries: [5, 18] }).loss);
  }
  expect(losses[0]).toBeGreaterThan(2);
  expect(losses.at(-1)).toBeLessThan(1);
});

/** The formula of the docstring on one number. */
function formula(
  given: { theta: number; gradients: readonly number[]; decay: number },
  { rate, beta1, beta2, epsilon }: { rate: number; beta1: number; beta2: number; epsilon: number },
): number {
  let [theta, m, v] = [given.theta, 0, 0];
  given.gradients.forEach((g, i) => {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const step = m / (1 - beta1 ** (i + 1)) / (Math.sqrt(v / (1 - beta2 ** (i + 1))) + epsilon);
    theta = theta * (1 - rate * given.decay) - rate * step;
  });
  return theta;
}

const RATE = 0.03;
const OPTIONS = { learningRate: RATE, beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.2, decayed: ['*.W_?'] };
const tokensAt = (step: number) =>
  makeBatch({ task: experiment.task, seed: 2, step, batch: 3, dVocab: 11, length: 19 }).tokens;

/** Weights before, gradients of three steps, and weights after. */
function threeSteps(
  engine: Engine,
  options: object = {},
): { before: NamedWeights; gradients: NamedWeights[]; after: NamedWeights } {
  const model = initialModel(engine, experiment, 3);
  const before = model.getWeights();
  const optimizer = new AdamW(model, { ...OPTIONS, ...options });
  const gradients = [1, 2, 3].map((step) => {
    const found = model.runWithGradients(tokensAt(step)).gradients;
    optimizer.step(found);
    return found;
  });
  return { before, gradients, after: model.getWeights() };
}

describe.each([
  ['the float64 reference', referenceEngine, 1e-14],
  ['the plain-SIMD kernels', exact, 2e-6], // float32, whose last bits differ
])('AdamW on %s', (_, engine, tolerance) => {
  test('is the formula, weight by weight, decayed where a glob says so', () => {
    const { before, gradients, after } = threeSteps(engine);
    for (const [name, { data }] of Object.entries(before))
      for (let i = 0; i < data.length; i++) {
        const decay = /\.W_.$/.test(name) ? OPTIONS.weightDecay : 0;
        const given = { theta: data[i]!, gradients: gradients.map((g) => g[name]!.data[i]!), decay };
        const wanted = formula(given, { rate: RATE, beta1: 0.8, beta2: 0.95, epsilon: 1e-6 });
        if (Math.abs(after[name]!.data[i]! - wanted) > tolerance)
          expect(after[name]!.data[i], `${name}[${i}]`).toBe(wanted);
      }
  });

  test('clips to the norm that is asked for, and tells the norm before', () => {
    const model = initialModel(engine, experiment, 3);
    const { gradients } = model.runWithGradients(tokensAt(1));
    const norm = Math.sqrt(
      Object.values(gradients).reduce((sum, { data }) => sum + Array.from(data).reduce((s, x) => s + x * x, 0), 0),
    );
    // With an epsilon this large the update is proportional to the gradient.
    const optimizer = new AdamW(model, { learningRate: 1, epsilon: 1e6, weightDecay: 0, clipNorm: norm / 4 });
    const other = new AdamW(initialModel(engine, experiment, 3), { learningRate: 1, epsilon: 1e6, weightDecay: 0 });
    expect(optimizer.step(gradients).gradientNorm / norm).toBeCloseTo(1, 5);
    expect(other.step(gradients).gradientNorm / norm).toBeCloseTo(1, 5);
  });
});

test('a step at a rate of its own, and nothing changed by what is refused', () => {
  const model = initialModel(exact, experiment, 3);
  const optimizer = new AdamW(model, { learningRate: 0.01, weightDecay: 0 });
  const before = model.getWeights();
  const { gradients } = model.runWithGradients(tokensAt(1));
  const { 'embed.W_E': embedding, ...others } = gradients;
  const bad = (change: object): NamedWeights => ({ ...gradients, ...change }) as NamedWeights;
  expect(() => optimizer.step(others)).toThrow(
    'AdamW.step: no gradient of embed.W_E is given; pass those of all weights.',
  );
  expect(() => optimizer.step(bad({ 'embed.W_E': { ...embedding, data: [Number.NaN] } }))).toThrow(
    /embed\.W_E has 1 numbers/,
  );
  expect(() => optimizer.step(gradients, { learningRate: -1 })).toThrow(/learningRate must be at least 0/);
  expect(() => new AdamW(model, { learningRate: 1, betas: [0, 1] } as never)).toThrow(/unknown field "betas"/);
  expect(() => new AdamW({} as Model, { learningRate: 1 })).toThrow(/^AdamW: model must be a Model, got/);
  optimizer.step(gradients, { learningRate: 0 });
  expect(model.getWeights()).toEqual(before);
});

describe('a step of training that cannot be meant is refused', () => {
  const model = initialModel(exact, experiment, 1);
  const optimizer = new AdamW(model, { learningRate: 0.01 });
  const tokens = [
    [1, 2, 3],
    [3, 2, 1],
  ];
  test.each<[string, unknown, RegExp]>([
    ['no options', undefined, /^trainingStep: options is missing/],
    [
      'an optimiser of another model, which would be trained instead',
      { model: initialModel(exact, experiment, 2), optimizer, tokens },
      /^trainingStep: optimizer is of another model; make one with new AdamW\(model, …\)\.$/,
    ],
    [
      'a misspelt option',
      { model, optimizer, tokens, query: [0, 1] },
      /unknown field "query"; the nearest .* "queries"/,
    ],
    ['no optimiser', { model, optimizer: {}, tokens }, /^trainingStep: options\.optimizer must be an AdamW, got \{\}/],
    ['sequences of one token', { model, optimizer, tokens: [[1]] }, /^trainingStep: tokens are sequences of one token/],
    [
      'queries that are none',
      { model, optimizer, tokens, queries: 3 },
      /options\.queries must be queries \[from, to\)/,
    ],
  ])('%s', (_, options, sentence) => {
    const before = model.getWeights();
    expect(() => trainingStep(options as Parameters<typeof trainingStep>[0])).toThrow(sentence);
    expect(model.getWeights()).toEqual(before);
  });

  test('a glob that decays nothing; what is undefined is left out', () => {
    expect(() => new AdamW(model, { learningRate: 1, decayed: ['*.weight'] })).toThrow(
      /^AdamW: options\.decayed: "\*\.weight" names no weight that this model learns/,
    );
    const own = initialModel(exact, experiment, 1);
    const undefinedBeta = { learningRate: 0.01, beta1: undefined } as unknown as { learningRate: number };
    expect(trainingStep({ model: own, optimizer: new AdamW(own, undefinedBeta), tokens }).loss).toBeGreaterThan(0);
  });
});
