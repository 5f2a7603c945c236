// Whole models on the float32 kernels against the same models in float64: every kind of model, every activation, every
// gradient. gradients.test.ts asks whether the float64 gradients are right.
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { POSITION_OPTIONS, randomModel, randomTokens } from '../../test/support/models.ts';
import { type Engine, referenceEngine } from '../engine/engine.ts';
import { type ModelOptions, modelConfig } from './config.ts';
import { hookPoints } from './hookPoints.ts';
import { type GradientRun, Model, type RunResult } from './model.ts';

/** Every axis a different prime; nHeads × dHead = 15 is not dModel. */
const SIZES = { nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 };
const BATCH = { sequences: 2, length: 7 };
/** float32 rounding through three layers and back, relative to a whole tensor. */
const TOLERANCE = 1e-5;
/** Where the true value is 0 (a bias of K cancels in the softmax), what rounding leaves instead. */
const ZERO = 1e-12;
const NOISE = 1e-7;
const EVERYTHING = '**'; // `*` alone leaves out the hook points on request

const cases = POSITION_OPTIONS.flatMap(({ label, options }) =>
  ([1, 2, 3] as const).flatMap((nLayers) =>
    (['LN', null] as const).flatMap((normalization) =>
      [false, true].flatMap((biases) =>
        [false, true].map((tied) => ({
          label: `${label}, ${normalization ?? 'no LN'}${biases ? ', biases' : ''}${tied ? ', tied' : ''}, ${nLayers} layers`,
          options: { ...SIZES, ...options, nLayers, normalization, biases, tied } satisfies ModelOptions,
        })),
      ),
    ),
  ),
);

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, name: string): void {
  const masked = (values: ArrayLike<number>): number[] =>
    Array.from(values, (x) => (x === Number.NEGATIVE_INFINITY ? -1 : x)); // masked scores must be masked on both sides
  const [left, right] = [masked(got), masked(want)];
  if (Math.hypot(...right) < ZERO) expect(Math.hypot(...left), `${name}, 0 in truth`).toBeLessThan(NOISE);
  else expect(distance(left, right), name).toBeLessThan(TOLERANCE);
}

function expectSameRun(got: RunResult, want: RunResult): void {
  expectClose(got.logits, want.logits, 'logits');
  expectClose(got.lossPerPosition, want.lossPerPosition, 'losses');
  expect([got.batch, got.length]).toEqual([want.batch, want.length]);
}

describe.for(cases)('$label', ({ options }) => {
  const tokens = randomTokens(BATCH, options.dVocab);
  const everyName = hookPoints(modelConfig(options), { onRequest: true }).sort();
  const onEngines = <T>(take: (model: Model) => T): { want: T; got: [string, T][] } => ({
    want: take(randomModel(referenceEngine, options)),
    got: enginesFor(options).map(([label, engine]): [string, T] => [label, take(randomModel(engine, options))]),
  });

  test('logits, losses and every activation agree with the reference', () => {
    const { want, got } = onEngines((model) => model.runWithCache(tokens, { names: EVERYTHING }));
    for (const [label, run] of got) {
      expectSameRun(run, want);
      expect(run.cache.names).toEqual(want.cache.names);
      for (const name of run.cache.names) {
        expect(run.cache.get(name).shape).toEqual(want.cache.get(name).shape);
        expectClose(run.cache.get(name).data, want.cache.get(name).data, `${name} on ${label}`);
      }
    }
    expect([...want.cache.names].sort()).toEqual(everyName);
  });

  test('every gradient agrees with the reference', () => {
    const { want, got } = onEngines((model) => model.runWithGradients(tokens, { names: EVERYTHING }));
    for (const [label, run] of got) {
      expectSameRun(run, want);
      expectSameGradients(run, want, label);
    }
    expect([...want.activationGradients.names].sort()).toEqual(everyName);
  });
});

function expectSameGradients(got: GradientRun, want: GradientRun, label: string): void {
  expect(Object.keys(got.gradients)).toEqual(Object.keys(want.gradients));
  for (const [name, { data }] of Object.entries(got.gradients))
    expectClose(data, want.gradients[name]!.data, `gradient of ${name} on ${label}`);
  for (const name of got.activationGradients.names)
    expectClose(
      got.activationGradients.get(name).data,
      want.activationGradients.get(name).data,
      `gradient at ${name} on ${label}`,
    );
}

/** The fastest build for all models; the others, which differ in arithmetic or memory only, for the two-layer ones. */
function enginesFor({ nLayers }: ModelOptions): [string, Engine][] {
  const all = Object.entries(WASM_ENGINES);
  return nLayers === 2 ? all : all.filter(([label]) => label === 'fastest build');
}

describe('a model', () => {
  const options = { ...SIZES, nLayers: 2, biases: true };
  const tokens = randomTokens(BATCH, SIZES.dVocab);

  test('keeps its activations in forward order, those on request only when asked', () => {
    const { cache } = randomModel(referenceEngine, options).runWithCache(tokens);
    expect(cache.names).toEqual(hookPoints(modelConfig(options), { onRequest: false }));
  });

  test('gives the same bits again after other lengths, plans and batches have used its memory', () => {
    for (const engine of [referenceEngine, ...Object.values(WASM_ENGINES)]) {
      const model = randomModel(engine, options);
      const [first, gradients] = [model.run(tokens), model.runWithGradients(tokens).gradients];
      model.runWithCache(randomTokens({ sequences: 7, length: 5 }, SIZES.dVocab), { names: EVERYTHING });
      model.runWithGradients(randomTokens({ sequences: 1, length: 1 }, SIZES.dVocab), { names: EVERYTHING });
      expect(model.run(tokens)).toEqual(first);
      expect(model.runWithGradients(tokens).gradients).toEqual(gradients);
    }
  });

  test('takes new weights into account at once, also those it keeps transposed', () => {
    for (const engine of [referenceEngine, ...Object.values(WASM_ENGINES)]) {
      for (const tied of [false, true]) {
        const model = randomModel(engine, { ...options, tied }, 1);
        model.runWithGradients(tokens);
        const other = randomModel(engine, { ...options, tied }, 2);
        model.setWeights(other.getWeights());
        expect(model.runWithGradients(tokens).gradients).toEqual(other.runWithGradients(tokens).gradients);
      }
    }
  });

  test('answers weights of an unknown name or another shape by saying what it has', () => {
    const model = new Model(referenceEngine, options);
    expect(() => model.setWeights({ 'embed.W_F': { shape: [1], data: [0] } })).toThrow(
      /no weight embed.W_F.*embed.W_E/,
    );
    const transposed = { 'embed.W_E': { shape: [11, 13], data: new Float32Array(143) } };
    expect(() => model.setWeights(transposed)).toThrow(
      'setWeights: embed.W_E has shape [11,13], this model needs [13,11].',
    );
  });

  test('answers tokens that it cannot take with one sentence', () => {
    const model = new Model(referenceEngine, options);
    const long = new Array<number>(18).fill(0);
    expect(() => model.run([[3, 17]])).toThrow(
      'run: sequence 0 has token 17 at position 1; tokens are whole numbers from 0 to 12.',
    );
    expect(() =>
      model.run([
        [3, 4],
        [-1, 0],
      ]),
    ).toThrow('run: sequence 1 has token -1 at position 0; tokens are whole numbers from 0 to 12.');
    expect(() => model.run([[0.5]])).toThrow(
      'run: sequence 0 has token 0.5 at position 0; tokens are whole numbers from 0 to 12.',
    );
    expect(() => model.run([long])).toThrow("run: a sequence has 18 tokens, this model's context is 17; shorten it.");
    expect(() => model.run([[1, 2], [3]])).toThrow(
      'run: sequence 1 has 1 tokens, sequence 0 has 2; use equal lengths.',
    );
    for (const nothing of [[], [[]]])
      expect(() => model.run(nothing)).toThrow('run: expected at least one sequence of at least one token.');
    expect(() => model.runWithGradients([[17]])).toThrow(/^runWithGradients: /);
    expect(() => model.runWithHooks([[17]], [])).toThrow(/^runWithHooks: /);
  });

  test('of one token has logits and no losses', () => {
    for (const engine of [referenceEngine, ...Object.values(WASM_ENGINES)]) {
      const run = randomModel(engine, options).runWithGradients([[3]]);
      expect([run.logits.length, run.lossPerPosition.length]).toEqual([13, 0]);
      for (const { data } of Object.values(run.gradients)) expect(Math.hypot(...Array.from(data))).toBe(0);
    }
  });
});
