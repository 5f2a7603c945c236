// Interventions against what they mean, written out with hooks on cached activations.

import { describe, expect, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import { WASM_ENGINES } from '../../../test/support/kit.ts';
import { randomModel, randomTokens } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import type { Floats } from '../../engine/tensor.ts';
import type { ActivationCache } from '../activationCache.ts';
import { earlierHeads, type HeadIndex } from '../heads.ts';
import type { Hook, Model } from '../model.ts';
import { headOutput, type Intervention, looksAcross } from './interventions.ts';

const SIZES = { nHeads: 5, dModel: 13, dHead: 3, nCtx: 11, dVocab: 17 };
const [N_HEADS, D_HEAD, D_MODEL] = [SIZES.nHeads, SIZES.dHead, SIZES.dModel];
const tokens = randomTokens({ sequences: 2, length: 7 }, SIZES.dVocab);

const cases = (['LN', null] as const).flatMap((normalization) =>
  [
    { label: 'reference', engine: referenceEngine, tolerance: 1e-12 },
    // Heads are added up in another order when each has an input of its own: float32 rounding.
    { label: 'fastest build', engine: WASM_ENGINES['fastest build']!, tolerance: 2e-6 },
  ].map((backend) => ({ ...backend, normalization, name: normalization ?? 'no LN' })),
);

/** A hook that sets element [batch, pos, head, c] of one head. */
const onHead = (head: number, value: (x: number, i: number, c: number) => number): Hook => {
  return (activation) => {
    const size = activation.shape[3]!;
    activation.data.forEach((x, i) => {
      if (Math.floor(i / size) % N_HEADS === head) activation.data[i] = value(x, i, i % size);
    });
  };
};

/** Sum over `sources` of hook_result, [batch, pos, dModel], from a cache. */
function resultsOf(cache: ActivationCache, sources: readonly HeadIndex[]): Float64Array {
  const sum = new Float64Array(tokens.length * tokens[0]!.length * D_MODEL);
  for (const { layer, head } of sources) {
    const { data } = cache.get(`blocks.${layer}.attn.hook_result`);
    for (let row = 0; row < sum.length / D_MODEL; row++)
      for (let i = 0; i < D_MODEL; i++) sum[row * D_MODEL + i]! += data[(row * N_HEADS + head) * D_MODEL + i]!;
  }
  return sum;
}

/** The same with every row replaced by the mean over rows: what `by: 'mean'` leaves. */
function meanRows(rows: Float64Array): Float64Array {
  const count = rows.length / D_MODEL;
  return rows.map((_, at) => {
    let sum = 0;
    for (let row = 0; row < count; row++) sum += rows[row * D_MODEL + (at % D_MODEL)]!;
    return sum / count;
  });
}

describe.for(cases)('$label, $name', ({ engine, normalization, tolerance }) => {
  const model = randomModel(engine, { ...SIZES, nLayers: 3, normalization, biases: true });
  const clean = model.runWithCache(tokens, { names: '**' });
  const logits = (interventions: readonly Intervention[]): Floats =>
    model.runWithInterventions(tokens, interventions).logits;
  const expectLogits = (got: Floats, want: Floats): void => {
    expect(distance(got, want)).toBeLessThan(tolerance);
    // The intervention must do something, or agreement means nothing.
    expect(distance(got, clean.logits)).toBeGreaterThan(100 * tolerance);
  };

  test('zeroAblate equals a hook that zeroes the head’s z', () => {
    const want = model.runWithHooks(tokens, [['blocks.1.attn.hook_z', onHead(3, () => 0)]]).logits;
    expectLogits(logits([{ kind: 'zeroAblate', hook: 'blocks.1.attn.hook_z', head: 3 }]), want);
  });

  test('zeroAblate of all heads leaves the biases of their outputs only', () => {
    const all = [0, 1, 2].flatMap((layer) =>
      Array.from({ length: N_HEADS }, (_, head) => ({ kind: 'zeroAblate', ...headOutput({ layer, head }) }) as const),
    );
    const { cache } = model.runWithInterventions(tokens, all, { names: 'blocks.*.hook_attn_out' });
    for (const layer of [0, 1, 2]) {
      const bias = model.getWeights()[`blocks.${layer}.attn.b_O`]!.data;
      const { data } = cache.get(`blocks.${layer}.hook_attn_out`);
      expect(
        distance(
          data,
          Float64Array.from(data, (_, i) => bias[i % D_MODEL]!),
        ),
      ).toBeLessThan(tolerance);
    }
  });

  test('meanAblate sets the given mean, or the clean run’s mean over sequences and positions', () => {
    const { data } = clean.cache.get('blocks.0.attn.hook_z');
    const rows = data.length / (N_HEADS * D_HEAD);
    const mean = Array.from({ length: D_HEAD }, (_, c) =>
      Array.from({ length: rows }, (_, row) => data[(row * N_HEADS + 4) * D_HEAD + c]! / rows).reduce((a, b) => a + b),
    );
    const withHook = (values: readonly number[]): Floats =>
      model.runWithHooks(tokens, [['blocks.0.attn.hook_z', onHead(4, (_x, _i, c) => values[c]!)]]).logits;
    expectLogits(logits([{ kind: 'meanAblate', hook: 'blocks.0.attn.hook_z', head: 4 }]), withHook(mean));
    const given = [1, -2, 3];
    expectLogits(logits([{ kind: 'meanAblate', hook: 'blocks.0.attn.hook_z', head: 4, mean: given }]), withHook(given));
    // The mean is the clean run's, also when another intervention has changed the head by then.
    const both = logits([
      { kind: 'zeroAblate', hook: 'blocks.0.attn.hook_z', head: 4 },
      { kind: 'meanAblate', hook: 'blocks.0.attn.hook_z', head: 4 },
    ]);
    expectLogits(both, withHook(mean));
  });

  test('removing all earlier heads from all inputs of layer 1 takes layer 0’s output, less b_O, out of layer 1’s input', () => {
    const everyInput = Array.from({ length: N_HEADS }, (_, head) =>
      (['q', 'k', 'v'] as const).map(
        (input) => ({ kind: 'removeFromInput', layer: 1, head, input, sources: 'allEarlier' }) as const,
      ),
    ).flat();
    const attnOut = clean.cache.get('blocks.0.hook_attn_out').data;
    const bias = model.getWeights()['blocks.0.attn.b_O']!.data;
    const removed = attnOut.map((x, i) => x - bias[i % D_MODEL]!);
    const add = (sign: 1 | -1): Hook => {
      return (activation) => {
        activation.data = activation.data.map((x, i) => x + sign * removed[i]!);
      };
    };
    // Out of the stream before layer 1 reads it, and back into what layer 1 adds to it.
    const want = model.runWithHooks(tokens, [
      ['blocks.1.hook_resid_pre', add(-1)],
      ['blocks.1.hook_attn_out', add(1)],
    ]);
    expectLogits(logits(everyInput), want.logits);
  });

  test.for([
    { input: 'q', by: 'zero' },
    { input: 'k', by: 'mean' },
    { input: 'v', by: 'zero' },
    { input: 'v', by: 'mean' },
  ] as const)('removeFromInput by $by of some heads from the $input of one head', ({ input, by }) => {
    const sources = [
      { layer: 0, head: 1 },
      { layer: 0, head: 4 },
      { layer: 1, head: 0 },
    ];
    const results = resultsOf(clean.cache, sources);
    const [means, rowOf] = [meanRows(results), (i: number): number => Math.floor(i / (N_HEADS * D_MODEL)) * D_MODEL];
    const subtract = onHead(2, (x, i, c) => x - results[rowOf(i) + c]! + (by === 'mean' ? means[rowOf(i) + c]! : 0));
    const want = model.runWithHooks(tokens, [[`blocks.2.hook_${input}_input`, subtract]]).logits;
    expectLogits(logits([{ kind: 'removeFromInput', layer: 2, head: 2, input, sources, by }]), want);
  });

  test('removeFromInput by a mean that is given leaves that one, and no longer looks at other sequences', () => {
    const removal = {
      kind: 'removeFromInput',
      layer: 2,
      head: 1,
      input: 'k',
      sources: 'allEarlier',
      by: 'mean',
    } as const;
    const mean = Array.from({ length: D_MODEL }, (_, i) => i / 3 - 2);
    const sum = resultsOf(clean.cache, earlierHeads(model.config, 2));
    const rowOf = (i: number): number => Math.floor(i / (N_HEADS * D_MODEL)) * D_MODEL;
    const replace = onHead(1, (x, i, c) => x - 0.6 * (sum[rowOf(i) + c]! - mean[c]!));
    const want = model.runWithHooks(tokens, [['blocks.2.hook_k_input', replace]]).logits;
    expectLogits(logits([{ ...removal, mean, share: 0.6 }]), want);
    const alone = model.runWithInterventions([tokens[0]!], [{ ...removal, mean }]).logits;
    expect(distance(alone, logits([{ ...removal, mean }]).subarray(0, alone.length))).toBeLessThan(tolerance);
    expect([looksAcross(removal), looksAcross({ ...removal, mean })]).toEqual([true, false]);
  });

  test('allEarlier names every head of every earlier layer', () => {
    const head = { kind: 'removeFromInput', layer: 2, head: 1, input: 'k' } as const;
    const named = logits([{ ...head, sources: earlierHeads(model.config, 2) }]);
    expect(logits([{ ...head, sources: 'allEarlier' }])).toEqual(named);
    expect(earlierHeads(model.config, 2).length).toBe(2 * N_HEADS);
  });

  test('no interventions, or removing nothing, changes nothing', () => {
    expect(logits([])).toEqual(model.run(tokens).logits);
    const nothing: Intervention = { kind: 'removeFromInput', layer: 1, head: 0, input: 'q', sources: [] };
    expect(distance(logits([nothing]), clean.logits)).toBeLessThan(tolerance);
    expect(model.run(tokens).logits).toEqual(logits([])); // and nothing of an intervention stays behind
  });

  test('activations are kept as changed, before whatever follows', () => {
    const names = ['blocks.1.attn.hook_z', 'blocks.1.attn.hook_result'];
    const { cache } = model.runWithInterventions(
      tokens,
      [{ kind: 'zeroAblate', hook: 'blocks.1.attn.hook_z', head: 3 }],
      { names },
    );
    expect(cache.names).toEqual(names);
    for (const name of names) {
      const [{ data, shape }, before] = [cache.get(name), clean.cache.get(name).data];
      const size = shape[3]!;
      const ofHead = (values: Floats, own: boolean): Floats =>
        values.filter((_, i) => (Math.floor(i / size) % N_HEADS === 3) === own);
      expect(ofHead(data, true).every((x) => x === 0)).toBe(true);
      expect(distance(ofHead(data, false), ofHead(before, false))).toBeLessThan(tolerance);
    }
  });
});

describe('a clean run that was kept', () => {
  const model = randomModel(referenceEngine, { ...SIZES, nLayers: 2 });
  const others = randomTokens({ sequences: 2, length: 7 }, SIZES.dVocab, 2);
  const interventions: readonly Intervention[] = [
    { kind: 'patch', hook: 'blocks.0.attn.hook_z', head: 1, positions: [2, 5] },
    { kind: 'meanAblate', hook: 'blocks.1.attn.hook_pattern', head: 3 },
    { kind: 'resampleAblate', hook: 'blocks.1.attn.hook_v', head: 0 },
  ];
  const names = ['blocks.0.attn.hook_z', 'blocks.1.attn.hook_pattern', 'blocks.1.attn.hook_v'];

  test('serves as the tokens it was kept of do, more than once', () => {
    const { cache } = model.runWithCache(others, { names });
    const fromTokens = model.runWithInterventions(tokens, interventions, { clean: others });
    for (let again = 0; again < 2; again++)
      expect(model.runWithInterventions(tokens, interventions, { clean: cache }).logits).toEqual(fromTokens.logits);
    expect(distance(fromTokens.logits, model.runWithInterventions(tokens, interventions).logits)).toBeGreaterThan(1e-3);
  });

  test('that lacks what an intervention needs is refused with what it has', () => {
    const { cache } = model.runWithCache(others, { names: names.slice(0, 2) });
    expect(() => model.runWithInterventions(tokens, interventions, { clean: cache })).toThrow(
      'ActivationCache: "blocks.1.attn.hook_v" was not kept; this cache has blocks.0.attn.hook_z, blocks.1.attn.hook_pattern.',
    );
  });

  test('of other lengths is refused with both shapes', () => {
    const { cache } = model.runWithCache(
      others.map((t) => t.slice(1)),
      { names },
    );
    expect(() => model.runWithInterventions(tokens, interventions, { clean: cache })).toThrow(
      'patch: "blocks.0.attn.hook_z" has shape [2,7,5,3], the clean run has [2,6,5,3]; use as many prompts of equal length.',
    );
  });
});

describe('an intervention that makes no sense is refused', () => {
  const model: Model = randomModel(referenceEngine, { ...SIZES, nLayers: 2 });
  const run = (intervention: Intervention) => () => model.runWithInterventions(tokens, [intervention]);
  const removal = { kind: 'removeFromInput', layer: 1, head: 2, input: 'q' } as const;

  test('when a source is not earlier than the head that it is taken from', () => {
    const message = 'removeFromInput: L1H0 is not earlier than L1H2; name heads of layers before 1.';
    expect(
      run({
        ...removal,
        sources: [
          { layer: 0, head: 0 },
          { layer: 1, head: 0 },
        ],
      }),
    ).toThrow(message);
  });

  test('when there is no such head', () => {
    const heads = 'this model has heads L0H0 to L1H4.';
    expect(run({ ...removal, sources: [{ layer: 0, head: 5 }] })).toThrow(
      `removeFromInput: there is no head L0H5; ${heads}`,
    );
    for (const kind of ['zeroAblate', 'meanAblate', 'resampleAblate', 'patch'] as const) {
      expect(run({ kind, hook: 'blocks.0.attn.hook_z', head: 5 })).toThrow(
        `${kind}: there is no head L0H5; "blocks.0.attn.hook_z" has heads 0 to 4.`,
      );
      expect(run({ kind, hook: 'blocks.0.attn.hook_z', head: -1 })).toThrow(`${kind}: there is no head L0H-1`);
      expect(run({ kind, hook: 'blocks.2.attn.hook_z', head: 0 })).toThrow(
        /no hook point "blocks\.2\.attn\.hook_z".*nearest/,
      );
      expect(run({ kind, hook: 'blocks.0.hook_attn_out', head: 0 })).toThrow(/has no heads; leave `head` out/);
      expect(run({ kind, hook: 'blocks.*.attn.hook_z' })).toThrow(/is a glob; name one hook point/);
      expect(run({ kind, hook: 'blocks.0.hook_attn_out', positions: [7] })).toThrow(
        /positions 0 to 6 here; there is no position 7/,
      );
    }
    expect(run({ kind: 'resampleAblate', hook: 'hook_embed', shift: 2 })).toThrow(
      /batch of 2 gives each sequence its own/,
    );
  });

  test('when a mean has not dHead numbers', () => {
    const message = 'meanAblate: mean must have 3 numbers at "blocks.0.attn.hook_z", got 2.';
    expect(run({ kind: 'meanAblate', hook: 'blocks.0.attn.hook_z', head: 0, mean: [1, 2] })).toThrow(message);
  });
});
