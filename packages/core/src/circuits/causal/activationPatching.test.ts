// Patching on the hand-built models, where what restores what is known on paper, and its first-order twin against
// differences on a random model.
import { describe, expect, test } from 'vitest';
import { randomModel, randomTokens } from '../../../test/support/models.ts';
import { evenCopyLoss, perfectCopyLoss } from '../../../test/support/paper.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { hasHeads, hookPoint, hookPoints, isSquare } from '../../model/hookPoints.ts';
import type { CachedRun, Hook, Model } from '../../model/model.ts';
import { loadEngine } from '../../node.ts';
import { CORRUPTIONS, type Corruption, corruptedPair, type PromptPair } from '../data/corruption.ts';
import { mean } from '../statistics/estimate.ts';
import { activationPatching, type PatchEffect, type PatchingRecord } from './activationPatching.ts';

const fast = await loadEngine({ exact: true });
const V = 11;
const sizes = { dVocab: V, nCtx: 14 };
const P = 7;
/** The query whose match is changed, and where an induction head finds the successor of its earlier copy. */
const [QUERY, KEY] = [10, 10 - P + 1];
/** Decimal places: float64, and attention within e^−100 of all or nothing. */
const ON_PAPER = 9;

const induction = handBuiltInduction(referenceEngine, sizes);
const copier = handBuiltPositionalCopier(referenceEngine, { ...sizes, period: P });
const pairOf = (model: Model, corruption: Corruption): PromptPair =>
  corruptedPair({ config: model.config, count: 2, seed: 3 }, P, corruption);
const find = ({ effects }: PatchingRecord, label: string, position: number | null): PatchEffect =>
  effects.find((e) => e.label === label && e.position === position)!;
const where = ({ effects }: PatchingRecord, label: string, restores: (effect: number) => boolean): number[] =>
  effects.flatMap((e) => (e.label === label && e.position !== null && restores(e.effect.value) ? [e.position] : []));

describe('a corrupted pair', () => {
  test.for(CORRUPTIONS)('%s leaves the second copy as it is, and is the same for the same seed', (corruption) => {
    const { clean, corrupted, queries } = pairOf(induction, corruption);
    clean.forEach((tokens, s) => {
      expect(Array.from(corrupted[s]!).slice(P)).toEqual(Array.from(tokens).slice(P));
      expect(corrupted[s]).not.toEqual(tokens);
    });
    expect(queries[0]).toBeGreaterThanOrEqual(P);
    expect(queries[1]).toBeLessThanOrEqual(2 * P - 1);
    expect(pairOf(induction, corruption)).toEqual({ clean, corrupted, queries });
  });

  test('break-repeat changes every token of the first copy', () => {
    const { clean, corrupted, queries } = pairOf(induction, 'break-repeat');
    expect(queries).toEqual([P, 2 * P - 1]);
    clean.forEach((tokens, s) => {
      for (let t = 0; t < P; t++) expect(corrupted[s]![t]).not.toBe(tokens[t]);
    });
  });

  test('change-match changes the earlier copy of one query’s token, to one from outside the block', () => {
    const { clean, corrupted, queries } = pairOf(induction, 'change-match');
    expect(queries).toEqual([QUERY, QUERY + 1]);
    clean.forEach((tokens, s) => {
      const changed = [...Array(P).keys()].filter((t) => corrupted[s]![t] !== tokens[t]);
      expect(changed).toEqual([KEY - 1]);
      expect(Array.from(tokens)).not.toContain(corrupted[s]![KEY - 1]);
    });
  });

  test('shift-block rotates the first copy: the successor of each counting query’s copy still follows it', () => {
    const { clean, corrupted, queries } = pairOf(induction, 'shift-block');
    expect(queries).toEqual([P, 2 * P - 2]);
    clean.forEach((tokens, s) => {
      const first = Array.from(corrupted[s]!).slice(0, P);
      expect(first).toEqual([tokens[P - 1], ...Array.from(tokens).slice(0, P - 1)]);
      for (let q = queries[0]; q < queries[1]; q++)
        expect(corrupted[s]![first.indexOf(tokens[q]!) + 1]).toBe(tokens[q + 1]);
    });
  });

  test('needs a token outside the block to change a match, and three tokens to shift a block', () => {
    const { config } = handBuiltInduction(referenceEngine, { dVocab: 5, nCtx: 14 });
    expect(() => corruptedPair({ config, count: 2, seed: 1 }, 5, 'change-match')).toThrow(
      'corruptedPair: all 5 tokens are in the block, none is left to change the match to; use a shorter period.',
    );
    expect(() => corruptedPair({ config, count: 2, seed: 1 }, 2, 'shift-block')).toThrow(/period of at least 3, got 2/);
  });
});

describe('the hand-built induction model', () => {
  const changed = pairOf(induction, 'change-match');
  const record = activationPatching(induction, changed, { byPosition: true });

  test('loses, when its match is changed, what even attention to positions 1 … q loses', () => {
    // Nothing scores but position 0, which is kept away: see handBuiltInduction.
    const even = changed.corrupted.map((tokens) =>
      evenCopyLoss(Array.from(tokens).slice(1, QUERY + 1), tokens[QUERY + 1]!, V),
    );
    expect(record.cleanLoss.value).toBeCloseTo(perfectCopyLoss(V), ON_PAPER);
    expect(record.corruptedLoss.value).toBeCloseTo(mean(even), ON_PAPER);
    expect(record).toMatchObject({ doesNotApply: null, queries: [QUERY, QUERY + 1], sequences: 2, length: 2 * P });
  });

  test('gets everything back from the previous-token head at q − P + 1, and nothing from it anywhere else', () => {
    expect(find(record, 'L0H0', KEY).effect.value).toBeCloseTo(1, ON_PAPER);
    expect(find(record, 'L0H0', null).effect.value).toBeCloseTo(1, ON_PAPER);
    expect(where(record, 'L0H0', (x) => Math.abs(x) > 1e-12)).toEqual([KEY]);
  });

  test('gets everything back from the induction head at the query, and nothing from it anywhere else', () => {
    expect(find(record, 'L1H0', QUERY).effect.value).toBeCloseTo(1, ON_PAPER);
    expect(find(record, 'L1H0', null).effect.value).toBeCloseTo(1, ON_PAPER);
    expect(where(record, 'L1H0', (x) => Math.abs(x) > 1e-12)).toEqual([QUERY]);
  });

  test('gets nothing from the idle heads, which are the controls of the others', () => {
    for (const layer of [0, 1])
      for (const position of [null, KEY, QUERY]) {
        const [busy, idle] = [0, 1].map((head) => find(record, `L${layer}H${head}`, position));
        expect(idle!.effect.value).toBeCloseTo(0, 12);
        expect(busy!.control).toBe(idle!.effect.value);
        expect(idle!.control).toBe(busy!.effect.value);
      }
  });

  test('gets a broken repeat back from its one writer, each query’s share at the query', () => {
    const broken = activationPatching(induction, pairOf(induction, 'break-repeat'), { byPosition: true });
    expect(broken.corruptedLoss.value).toBeGreaterThan(1);
    expect(find(broken, 'L1H0', null).effect.value).toBeCloseTo(1, ON_PAPER);
    const shares = broken.effects.filter((e) => e.label === 'L1H0' && e.position !== null);
    expect(shares.reduce((sum, { effect }) => sum + effect.value, 0)).toBeCloseTo(1, ON_PAPER);
    expect(where(broken, 'L1H0', (x) => x !== 0)).toEqual([7, 8, 9, 10, 11, 12]);
  });

  test('does not mind a shifted block, so that there is nothing to restore', () => {
    const shifted = activationPatching(induction, pairOf(induction, 'shift-block'), { byPosition: true });
    expect(shifted.corruptedLoss.value).toBeCloseTo(perfectCopyLoss(V), ON_PAPER);
    expect(shifted.doesNotApply).toMatch(/costs 0\.00 nats, less than 0\.1/);
    for (const { effect, attributed } of shifted.effects) {
      expect(effect.value).toBeNaN();
      expect(attributed).toBeNull();
    }
  });
});

describe('the hand-built positional copier', () => {
  // It puts 20 on the token at q − P + 1: after both corruptions a wrong one, which costs 20 nats more than a right one.
  test.for(['break-repeat', 'shift-block'] as const)(
    '%s costs it 20 nats, which its head brings back',
    (corruption) => {
      const pair = pairOf(copier, corruption);
      const record = activationPatching(copier, pair, { byPosition: true });
      const [from, to] = pair.queries;
      expect(record.corruptedLoss.value - record.cleanLoss.value).toBeCloseTo(20, ON_PAPER);
      expect(find(record, 'L0H0', null).effect.value).toBeCloseTo(1, ON_PAPER);
      expect(find(record, 'L0H0', null).control).toBeNull(); // there is no other head
      for (let position = 0; position < 2 * P; position++)
        expect(find(record, 'L0H0', position).effect.value).toBeCloseTo(
          position >= from && position < to ? 1 / (to - from) : 0,
          ON_PAPER,
        );
    },
  );

  test('does not mind what the match is', () => {
    const record = activationPatching(copier, pairOf(copier, 'change-match'));
    expect(record.doesNotApply).toMatch(/nothing to restore/);
    expect(record.effects[0]!.effect.value).toBeNaN();
  });
});

describe('on a random model', () => {
  const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 13, dVocab: 7 };
  const model = randomModel(referenceEngine, { ...SIZES, biases: true });
  const queries = [3, 6] as const;
  const pair = randomPair(model, queries);

  test('the whole residual stream restores everything, wherever it is patched, and nothing at positions after the queries', () => {
    const hooks = ['blocks.0.hook_resid_pre', 'blocks.0.hook_resid_post', 'blocks.1.hook_resid_post'];
    const { effects, doesNotApply } = activationPatching(model, pair, { hooks, byPosition: true });
    expect(doesNotApply).toBeNull();
    const whole = effects.filter(({ position }) => position === null);
    expect(whole.map(({ hook }) => hook)).toEqual(hooks);
    for (const { effect, label, head, control } of whole) {
      expect(effect.value).toBeCloseTo(1, ON_PAPER);
      expect(effect.n).toBe(2);
      expect(label).toMatch(/^L[01]$/);
      expect(head).toBeNull();
      expect(control).toBeNull();
    }
    for (const { effect } of effects.filter(({ position }) => position !== null && position >= queries[1]))
      expect(effect.value).toBe(0);
  });

  test('controls are the mean over the other heads at the same hook and position', () => {
    const { effects } = activationPatching(model, pair, { byPosition: true });
    const at = (head: number): PatchEffect =>
      effects.find((e) => e.layer === 1 && e.head === head && e.position === 4)!;
    expect(at(1).control).toBeCloseTo((at(0).effect.value + at(2).effect.value) / 2, 12);
    expect(at(0).effect.value).not.toBe(at(2).effect.value);
  });

  test('the attributed effect is the slope at the corrupted run, towards the clean activation', () => {
    const hooks = ['hook_embed', 'blocks.*.attn.hook_z', 'blocks.1.attn.hook_k', 'blocks.1.attn.hook_pattern'];
    const { effects } = activationPatching(model, pair, { hooks, byPosition: true });
    const runs = [pair.clean, pair.corrupted].map((tokens) => model.runWithCache(tokens));
    const gap = targetLoss(model, pair, []) - targetLoss(model, { ...pair, corrupted: pair.clean }, []);
    /** Central differences: the square of the step against the curvature, 1e-16 / step against the slope. */
    const step = 1e-4;
    const tested = effects.filter(({ position }) => position === null || position % 2 === 1);
    expect(tested.length).toBeGreaterThan(30);
    for (const site of tested) {
      const [more, less] = [step, -step].map((share) =>
        targetLoss(model, pair, [[site.hook, mixIn(model, { runs, site, share })]]),
      );
      const slope = -(more! - less!) / (2 * step) / gap; // of what is restored, as a share of the gap
      const name = `${site.label} ${site.hook} at ${site.position}: ${site.attributed} for ${slope}`;
      expect(Math.abs(site.attributed! - slope), name).toBeLessThan(1e-4 * Math.abs(slope) + 1e-8);
    }
  });

  test('nothing is attributed where the targets differ: the corrupted run has another loss than the one restored', () => {
    const corrupted = pair.corrupted.map((tokens, s) =>
      Array.from(tokens, (t, p) => (s === 0 && p === queries[1] ? (t + 1) % SIZES.dVocab : t)),
    );
    const record = activationPatching(model, { ...pair, corrupted });
    expect(record.doesNotApply).toBeNull();
    for (const { attributed, effect } of record.effects) {
      expect(attributed).toBeNull();
      expect(effect.value).not.toBeNaN();
    }
  });

  test('a pair of equal prompts has nothing to restore', () => {
    const record = activationPatching(model, { ...pair, corrupted: pair.clean });
    expect(record.doesNotApply).toBe('The corruption costs 0.00 nats, less than 0.1: there is nothing to restore.');
    expect(record.corruptedLoss).toEqual(record.cleanLoss);
    for (const { effect } of record.effects)
      expect(effect).toEqual({ value: Number.NaN, interval: [Number.NaN, Number.NaN], n: 2 });
  });
});

test('every kind of model can be patched everywhere, with finite numbers', () => {
  for (const positions of ['shortformer', 'rotary', 'sinusoidal', 'none'] as const) {
    const sizes = { nLayers: 3, nHeads: 2, dModel: 7, dHead: 5, nCtx: 11, dVocab: 5 };
    const options = { positions, biases: true, tied: positions === 'rotary', normalization: 'LN' } as const;
    const model = randomModel(fast, { ...sizes, ...options });
    const hooks = hookPoints(model.config, { onRequest: false });
    const { effects, doesNotApply } = activationPatching(model, randomPair(model, [3, 6]), { hooks });
    expect(doesNotApply, positions).toBeNull();
    expect(new Set(effects.map(({ hook }) => hook))).toEqual(new Set(hooks));
    for (const { effect, attributed, label } of effects)
      expect(Number.isFinite(effect.value) && Number.isFinite(attributed), `${positions}: ${label}`).toBe(true);
  }
});

describe('bad input is refused in one sentence', () => {
  const { clean, corrupted, queries } = pairOf(induction, 'break-repeat');
  const refuse = (pair: Partial<PromptPair>, hooks?: string) => () =>
    activationPatching(induction, { clean, corrupted, queries, ...pair }, hooks ? { hooks } : {});

  test('prompts of different length, or not as many of each', () => {
    const shorter = corrupted.map((tokens) => Array.from(tokens).slice(1));
    expect(refuse({ corrupted: shorter })).toThrow(
      'activationPatching: the clean prompt has 14 tokens, the corrupted one 13; use prompts of equal length.',
    );
    expect(refuse({ corrupted: corrupted.slice(1) })).toThrow(
      'activationPatching: 2 clean prompts and 1 corrupted ones; give as many of each.',
    );
  });

  test('queries that have no next token', () => {
    for (const wrong of [
      [-1, 2],
      [3, 3],
      [5, 4],
      [0, 14],
    ] as const)
      expect(refuse({ queries: wrong })).toThrow(
        `activationPatching: queries [${wrong}] must lie within [0, 13), where a next token is.`,
      );
  });

  test('an unknown hook point, with the nearest', () => {
    expect(refuse({}, 'blocks.0.attn.hook_zz')).toThrow(
      /^activationPatching: this model has no hook point "blocks\.0\.attn\.hook_zz"; the nearest are "blocks\.0\.attn\.hook_z"/,
    );
  });
});

/** Random prompts in pairs that differ up to their queries' last one and have the same targets; the better one is clean. */
function randomPair(model: Model, queries: readonly [number, number]): PromptPair {
  const [from, to] = queries;
  const pairs = Array.from({ length: 8 }, (_, i) => {
    const [first, second] = [1, 2].map(
      (half) => randomTokens({ sequences: 1, length: 8 }, model.config.dVocab, 2 * i + half)[0]!,
    );
    const other = second!.map((token, p) => (p > from && p <= to ? first![p]! : token));
    const gap =
      targetLoss(model, { clean: [first!], corrupted: [other], queries }, []) -
      targetLoss(model, { clean: [other], corrupted: [first!], queries }, []);
    return gap > 0 ? { clean: first!, corrupted: other, gap } : { clean: other, corrupted: first!, gap: -gap };
  });
  const apart = pairs.sort((a, b) => b.gap - a.gap).slice(0, 2);
  return { clean: apart.map(({ clean }) => clean), corrupted: apart.map(({ corrupted }) => corrupted), queries };
}

/** Mean loss of the corrupted prompts at the queries. */
function targetLoss(model: Model, { corrupted, queries: [from, to] }: PromptPair, hooks: [string, Hook][]): number {
  const { lossPerPosition, length } = model.runWithHooks(corrupted, hooks);
  return mean([...lossPerPosition].filter((_, i) => i % (length - 1) >= from && i % (length - 1) < to));
}

/** A hook that moves one site's activation a share of the way from the corrupted run to the clean one. */
function mixIn(
  { config }: Model,
  { runs, site, share }: { runs: readonly CachedRun[]; site: PatchEffect; share: number },
): Hook {
  const { hook, head, position } = site;
  const point = hookPoint(config, hook);
  const [clean, corrupted] = runs.map(({ cache }) => cache.get(hook).data);
  return (activation) => {
    const { shape, data } = activation;
    const size = shape.at(-1)!;
    data.forEach((_, at) => {
      const row = Math.floor(at / size);
      const [second, third] = [shape[1]!, shape[2]!];
      const [h, p] = isSquare(point)
        ? [Math.floor(row / third) % second, row % third]
        : hasHeads(point)
          ? [row % third, Math.floor(row / third) % second]
          : [null, row % second];
      if ((head === null || h === head) && (position === null || p === position))
        data[at]! += share * (clean![at]! - corrupted![at]!);
    });
  };
}
