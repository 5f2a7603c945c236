// Gradients of runs with interventions against finite differences in float64: what interventions write is held, and every
// kind of place is overwritten, in part and after parts of it have been read.
import { describe, expect, test } from 'vitest';
import { WASM_ENGINES } from '../../../test/support/kit.ts';
import { direction, POSITION_OPTIONS, randomModel, randomTokens } from '../../../test/support/models.ts';
import { type Engine, referenceEngine, wasmEngine } from '../../engine/engine.ts';
import { loadEngine } from '../../node.ts';
import type { ActivationCache } from '../activationCache.ts';
import { declaredHookPoints, hasHeads, hookPoints, isSquare } from '../hookPoints.ts';
import type { Measure, MeasuredSequence } from '../measures/measure.ts';
import type { GradientRun, Hook, HookedActivation, Model } from '../model.ts';
import { learnedWeights, type NamedWeights } from '../parameters.ts';
import type { Intervention, RemoveFromInput } from './interventions.ts';
import type { PlacedIntervention } from './places.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 };
const LENGTH = 7;
const tokens = randomTokens({ sequences: 3, length: LENGTH }, SIZES.dVocab);
const others = randomTokens({ sequences: 3, length: LENGTH }, SIZES.dVocab, 2);

/** Step of central differences along directions of some 1500 numbers: small against h² times a third derivative. */
const STEP = 1e-6;
/** Relative to the slope, and absolutely what rounding leaves of it. */
const TOLERANCE = { relative: 1e-5, absolute: 5e-9 };
/** float32 against float64, relative to the largest number. */
const FLOAT32 = 1e-4;

/** No symmetry of the logits leaves it unchanged: a sum of squares with weights, over all positions and tokens. */
const squares: Measure = {
  ...{ name: 'weighted squares', unit: 'logits²' },
  value: ({ logits }: MeasuredSequence) => Array.from(logits).reduce((sum, x, i) => sum + share(i) * x * x, 0),
  gradient: ({ logits }) => Float64Array.from(logits, (x, i) => 2 * share(i) * x),
};
const share = (i: number): number => ((i * 37) % 11) / 50 - 0.07;

const cases = POSITION_OPTIONS.flatMap(({ label, options }, i) =>
  (['LN', null] as const).map((normalization, j) => ({
    label: `${label}, ${normalization ?? 'no LN'}`,
    options: { ...SIZES, ...options, normalization, biases: (i + j) % 2 === 0, tied: i % 4 < 2, attnScale: 1.7 },
  })),
);

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;

function expectSlope(got: number, at: (distance: number) => number, what: string): void {
  const want = (at(STEP) - at(-STEP)) / (2 * STEP);
  const allowed = TOLERANCE.relative * Math.abs(want) + TOLERANCE.absolute;
  expect(Math.abs(got - want), `${what}: ${got} for ${want}`).toBeLessThan(allowed);
}

/** The largest difference, relative to the largest number, or to 1 where all are smaller. */
function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what: string): void {
  const numbers = Array.from(want);
  const most = numbers.reduce((top, x) => Math.max(top, Math.abs(x)), 1);
  const off = numbers.reduce((top, x, i) => Math.max(top, Math.abs(got[i]! - x)), 0);
  expect(off / most, what).toBeLessThan(tolerance);
}

const dot = (a: Float64Array, b: ArrayLike<number>): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** Compares the weights' gradients with the slope of `measured` along a random direction through all of them at once. */
function expectWeightSlope(model: Model, run: GradientRun, measured: () => number, what: string): void {
  const before = model.getWeights();
  const names = learnedWeights(model.config);
  const along = new Map(names.map((name, i) => [name, direction(before[name]!.data.length, i + 1)]));
  const got = names.reduce((sum, name) => sum + dot(along.get(name)!, run.gradients[name]!.data), 0);
  const at = (distance: number): number => {
    const moved = names.map((name): [string, NamedWeights[string]] => {
      const { shape, data } = before[name]!;
      return [name, { shape, data: along.get(name)!.map((d, i) => data[i]! + distance * d) }];
    });
    model.setWeights(Object.fromEntries(moved));
    const value = measured();
    model.setWeights(before);
    return value;
  };
  expectSlope(got, at, what);
}

describe.for(cases)('$label: gradients of all weights', ({ options }) => {
  const model = randomModel(referenceEngine, options);
  const clean = model.runWithCache(others, { names: '**' }).cache;

  const check = (interventions: readonly Intervention[], what: string): void => {
    const given = { measure: squares, interventions, clean };
    const run = model.runWithGradients(tokens, given);
    expectWeightSlope(model, run, () => mean(model.measure(tokens, given)), what);
  };

  test('where any place is overwritten, as a whole or in part', () => {
    declaredHookPoints(model.config).forEach((point, i) => {
      const { name: hook } = point;
      const part = { hook, positions: [4, 2], ...(hasHeads(point) || isSquare(point) ? { head: 1 } : {}) };
      const kinds = ['patch', 'meanAblate', 'resampleAblate', 'zeroAblate'] as const;
      const kind = hook.endsWith('hook_scale') ? 'patch' : kinds[i % kinds.length]!; // nothing is divided by 0
      check([{ kind, ...part }], `${kind}, part of ${hook}`);
      if (i % 4 === 0 || point.role) check([{ kind: 'patch', hook }], `patch, all of ${hook}`);
    });
  });

  test('where heads are taken out of inputs: what is taken out has the gradient with its sign changed', () => {
    for (const input of ['q', 'k', 'v'] as const)
      for (const by of ['zero', 'clean'] as const)
        check(
          [{ kind: 'removeFromInput', layer: 1, head: 2, input, sources: 'allEarlier', by }],
          `${input} of L1H2, ${by}`,
        );
    check([{ kind: 'removeFromInput', layer: 1, head: 1, input: 'k', sources: 'allEarlier', share: 0.3 }], 'a share');
    const removal: Intervention = {
      ...{ kind: 'removeFromInput', layer: 1, head: 0, input: 'k', sources: [{ layer: 0, head: 1 }] },
    };
    const hook = 'blocks.1.hook_k_input';
    check([removal, { kind: 'patch', hook, head: 0, positions: [3] }], 'a removal that is overwritten');
    check([{ kind: 'patch', hook, head: 0, positions: [3] }, removal], 'a removal from what was overwritten');
    const results = { kind: 'patch', hook: 'blocks.0.attn.hook_result', head: 1, positions: [2, 3] } as const;
    check([results, removal], 'a removal of what was overwritten');
    check([{ kind: 'zeroAblate', hook: 'blocks.0.hook_attn_out', positions: [5] }, removal], 'and its sum overwritten');
  });
});

type Overwrite = Extract<PlacedIntervention, { kind: 'patch' | 'zeroAblate' }>;

/** Does with hooks what interventions do, means of removals held, and then adds to one activation. */
function byHand(model: Model, interventions: readonly Intervention[], clean: ActivationCache) {
  const results = new Map<number, ArrayLike<number>>();
  const means = new Map<number, Float64Array>();
  const see: [string, Hook][] = Array.from({ length: model.config.nLayers }, (_, layer) => [
    `blocks.${layer}.attn.hook_result`,
    ({ data }) => void results.set(layer, data.slice()),
  ]);
  const acts = interventions.map((i): [string, Hook] =>
    i.kind === 'removeFromInput'
      ? [`blocks.${i.layer}.hook_${i.input}_input`, (activation) => remove(activation, i)]
      : [i.hook, (activation) => overwrite(activation, i as Overwrite)],
  );
  const overwrite = ({ name, shape, data }: HookedActivation, place: Overwrite): void => {
    const square = shape.at(-1) === LENGTH && shape[1] === SIZES.nHeads;
    const size = shape.at(-1)!;
    const heads = square ? shape[1]! : shape.length === 4 ? shape[2]! : 1;
    for (let row = 0; row < data.length / size; row++) {
      const [head, position] = square
        ? [Math.floor(row / LENGTH) % heads, row % LENGTH]
        : [row % heads, Math.floor(row / heads) % LENGTH];
      if (place.head !== undefined && place.head !== head) continue;
      if (place.positions && !place.positions.includes(position)) continue;
      for (let i = row * size; i < (row + 1) * size; i++)
        data[i] = place.kind === 'patch' ? clean.get(name).data[i]! : 0;
    }
  };
  const remove = ({ shape, data }: HookedActivation, { layer, head = 0, by }: RemoveFromInput): void => {
    const [heads, size] = [shape[2]!, shape[3]!];
    const sources = Array.from({ length: layer * heads }, (_, i) => [Math.floor(i / heads), i % heads] as const);
    const rows = data.length / (heads * size);
    const removed = new Float64Array(rows * size);
    for (const [from, source] of sources)
      removed.forEach((_, i) => {
        removed[i]! += results.get(from)![(Math.floor(i / size) * heads + source) * size + (i % size)]!;
      });
    const held = means.get(layer) ?? new Float64Array(size);
    for (let i = 0; i < removed.length && !means.has(layer); i++) held[i % size]! += removed[i]! / rows;
    if (by === 'mean') means.set(layer, held); // as of the first run
    removed.forEach((x, i) => {
      data[(Math.floor(i / size) * heads + head) * size + (i % size)]! -= x - (by === 'mean' ? held[i % size]! : 0);
    });
  };
  return (add: [string, Hook][] = []): number => {
    // Interventions first; what removals read is what stands there in the end.
    const { logits } = model.runWithHooks(tokens, [...acts, ...add, ...see]);
    const size = LENGTH * SIZES.dVocab;
    const parts = tokens.map((sequence, s) =>
      squares.value({
        ...{ logits: logits.subarray(s * size, (s + 1) * size), dVocab: SIZES.dVocab, tokens: sequence },
        ...{ queries: [0], answers: [], wrong: [] },
      }),
    );
    return mean(Float64Array.from(parts));
  };
}

const removals: readonly RemoveFromInput[] = [
  { kind: 'removeFromInput', layer: 1, head: 2, input: 'k', sources: 'allEarlier', by: 'mean' },
  { kind: 'removeFromInput', layer: 1, head: 0, input: 'v', sources: 'allEarlier' },
];
const placed: readonly Overwrite[] = [
  { kind: 'patch', hook: 'hook_embed', positions: [1] },
  { kind: 'patch', hook: 'blocks.0.attn.hook_pattern', head: 0, positions: [4, 6] },
  { kind: 'zeroAblate', hook: 'blocks.0.attn.hook_z', head: 1 },
  { kind: 'patch', hook: 'blocks.0.hook_attn_out', positions: [2] },
  { kind: 'patch', hook: 'blocks.1.attn.hook_attn_scores', head: 1 },
  { kind: 'patch', hook: 'blocks.1.hook_resid_post', positions: [3] },
];
const ofInputs: readonly Overwrite[] = [
  { kind: 'patch', hook: 'blocks.0.attn.hook_result', head: 2, positions: [5] },
  { kind: 'zeroAblate', hook: 'blocks.1.hook_q_input', head: 1, positions: [3] },
];
const ofNorms: readonly Overwrite[] = [
  { kind: 'patch', hook: 'blocks.0.ln1.hook_scale', positions: [1, 5] },
  { kind: 'patch', hook: 'blocks.1.ln1.hook_normalized', positions: [4] },
  { kind: 'patch', hook: 'ln_final.hook_normalized', positions: [6] },
];

describe.for([
  { label: 'many places', normalization: null, positions: 'standard', interventions: placed },
  {
    label: 'removals',
    normalization: 'LN',
    positions: 'shortformer',
    interventions: [...placed, ...ofInputs, ...removals],
  },
  {
    label: 'removals, no LN',
    normalization: null,
    positions: 'rotary',
    interventions: [...placed, ...ofInputs, ...removals],
  },
  { label: 'LayerNorms', normalization: 'LN', positions: 'rotary', interventions: [...placed, ...ofNorms] },
] as const)('several at once: $label', ({ normalization, positions, interventions }) => {
  const options = { ...SIZES, normalization, positions, biases: true };
  const model = randomModel(referenceEngine, options);
  const clean = model.runWithCache(others, { names: '**' }).cache;
  const splits = interventions.some(({ kind }) => kind === 'removeFromInput');
  const seen = hookPoints(model.config, { onRequest: true }).filter(
    // Where a layer's LayerNorm is changed, its heads cannot have inputs of their own.
    (name) => splits || normalization === null || !/_(input|in)$/.test(name),
  );

  test('weights, and each activation as it stands after them', () => {
    const run = model.runWithGradients(tokens, { measure: squares, names: seen, interventions, clean });
    const value = byHand(model, interventions, clean);
    expect(Math.abs(mean(run.measured!) - value())).toBeLessThan(1e-9);
    expectWeightSlope(model, run, value, 'weights');
    for (const name of seen) {
      const { data } = run.activationGradients.get(name);
      if (splits && /ln1/.test(name)) {
        expect(
          data.every((x: number) => x === 0),
          `${name}, which nobody reads`,
        ).toBe(true);
        continue;
      }
      const along = direction(data.length, name.length);
      const at = (distance: number): number =>
        value([
          [
            name,
            (activation) => {
              activation.data = activation.data.map((x: number, i: number) => x + distance * along[i]!);
            },
          ],
        ]);
      expectSlope(dot(along, data), at, name);
    }
  });

  test.for(Object.entries(WASM_ENGINES))('on %s as in the reference', ([, engine]) => {
    const given = { measure: squares, names: seen, interventions, clean: others };
    const want = model.runWithGradients(tokens, given);
    const got = randomModel(engine, options).runWithGradients(tokens, given);
    for (const [name, { data }] of Object.entries(want.gradients))
      expectClose(got.gradients[name]!.data, data, FLOAT32, name);
    for (const name of seen)
      expectClose(got.activationGradients.get(name).data, want.activationGradients.get(name).data, FLOAT32, name);
  });
});

test('without interventions a named loss has the gradients of the loss, and an empty list of them changes nothing', () => {
  const model = randomModel(referenceEngine, { ...SIZES, biases: true });
  const options = { names: '**', queries: [1, 5] } as const;
  const want = model.runWithGradients(tokens, options);
  const named = model.runWithGradients(tokens, { ...options, measure: 'loss' });
  for (const [name, { data }] of Object.entries(want.gradients))
    expectClose(named.gradients[name]!.data, data, 1e-14, name);
  const none = model.runWithGradients(tokens, { ...options, interventions: [] });
  expect(none.gradients).toEqual(want.gradients);
  expect(none).not.toHaveProperty('measured');
});

test('a batch in slices has the gradients of the batch as a whole', async () => {
  const { wasm } = await loadEngine({ exact: true, shared: false });
  const engine = (maximumPages?: number): Engine =>
    wasmEngine({ module: wasm!.module, backend: 'simd', shared: false, ...(maximumPages ? { maximumPages } : {}) });
  const many = randomTokens({ sequences: 101, length: 12 }, SIZES.dVocab);
  const interventions: Intervention[] = [
    ...removals,
    { kind: 'resampleAblate', hook: 'blocks.0.attn.hook_v', head: 1, shift: 40 },
  ];
  const given = { measure: squares, names: ['hook_embed', 'blocks.1.hook_k_input'], interventions };
  const [sliced, whole] = [engine(40), engine()].map((one) =>
    randomModel(one, { ...SIZES, biases: true }).runWithGradients(many, given),
  );
  expect(sliced!.gradients).not.toEqual(whole!.gradients); // else it would not have been in slices: sums round otherwise
  expect(sliced!.measured).toEqual(whole!.measured);
  for (const [name, { data }] of Object.entries(whole!.gradients))
    expectClose(sliced!.gradients[name]!.data, data, FLOAT32, name);
  for (const name of given.names)
    expect(sliced!.activationGradients.get(name).data).toEqual(whole!.activationGradients.get(name).data);
});
