// Path effects on the hand-built models, where each can be worked out on paper, and the table's bookkeeping on random ones.
import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { evenCopyLoss, meanOverRepeats, perfectCopyLoss } from '../../../test/support/paper.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltHub } from '../../examples/handBuiltHub.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { INPUTS } from '../../model/interventions/interventions.ts';
import { loadEngine } from '../../node.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { mean } from '../statistics/estimate.ts';
import { ablationEffects } from './ablation.ts';
import { attributionAgreement, pathMatrix } from './pathMatrix.ts';
import { testPath } from './paths.ts';
import { type PathCell, type PathTableRecord, pathTable } from './pathTable.ts';

const fast = await loadEngine({ exact: true });
const V = 11;
const sizes = { dVocab: V, nCtx: 14 };

/** Decimal places: float64 sums of a few hundred terms, and attention within e^−100 of what the derivations say. */
const ON_PAPER = 9;

const find = ({ cells }: PathTableRecord, source: string, target: string, input: string): PathCell =>
  cells.find((c) => c.source === source && c.target === target && c.input === input)!;

/** The cells of a table but some, by `source target input`. */
const allBut = ({ cells }: PathTableRecord, ...names: string[]): PathCell[] =>
  cells.filter((c) => !names.includes(`${c.source} ${c.target} ${c.input}`));

describe('the hand-built induction model', () => {
  const set = new RepeatSet(handBuiltInduction(referenceEngine, sizes), { sequences: 4, seed: 5, periods: [4, 7] });
  const { model } = set;
  const table = pathTable(model, { set });
  const K = find(table, 'L0H0', 'L1H0', 'k');

  // Without L0H0 in its keys, L1H0 scores 0 everywhere but at position 0, which a score of −200 keeps away: attention is
  // 1/q on each of positions 1 … q, and the copy is of all of tokens[1 … q] at once.
  const withoutKeys =
    meanOverRepeats(set, (tokens, q) => evenCopyLoss(tokens.subarray(1, q + 1), tokens[q + 1]!, V)) -
    perfectCopyLoss(V);

  test('loses, without the previous-token head in the keys, what even attention to positions 1 … q loses', () => {
    expect(table.cleanLoss.value).toBeCloseTo(perfectCopyLoss(V), ON_PAPER);
    expect(K.increase.value).toBeCloseTo(withoutKeys, ON_PAPER);
    expect(withoutKeys).toBeGreaterThan(1);
  });

  test('loses the stripe there: from all of the attention to 1/q', () => {
    expect(K.stripeChange.value).toBeCloseTo(meanOverRepeats(set, (_, q) => 1 / q) - 1, ON_PAPER);
  });

  test('loses as much without all earlier heads in its keys, and nothing without them in its queries and values', () => {
    expect(table.joint.map(({ target, input }) => `${target} ${input}`)).toEqual(
      ['L1H0', 'L1H1'].flatMap((target) => INPUTS.map((input) => `${target} ${input}`)),
    );
    for (const { target, input, increase, stripeChange } of table.joint) {
      const keys = `${target} ${input}` === 'L1H0 k';
      expect(increase.value).toBeCloseTo(keys ? withoutKeys : 0, ON_PAPER);
      expect(stripeChange.value).toBeCloseTo(keys ? K.stripeChange.value : 0, ON_PAPER);
    }
  });

  test('has no other path: Q, V and the idle heads cost exactly nothing', () => {
    const others = allBut(table, 'L0H0 L1H0 k');
    expect(others).toHaveLength(2 * 2 * 3 - 1);
    for (const { increase, stripeChange } of others) {
      expect(increase.value).toBeCloseTo(0, 12);
      expect(stripeChange.value).toBeCloseTo(0, 12);
    }
  });

  test('has in the idle head of the same layer a control that does nothing', () => {
    expect(K.control!.value).toBeCloseTo(0, 12);
    expect(find(table, 'L0H1', 'L1H0', 'k').control!.value).toBeCloseTo(withoutKeys, ON_PAPER);
  });

  test('loses as much when all of layer 0 is taken out of all keys, or the head is ablated: the keys are all it is for', () => {
    const without = (path: 'q' | 'k' | 'v'): number => testPath(model, path, { set, followers: [] }).increase.value;
    expect(without('k')).toBeCloseTo(withoutKeys, ON_PAPER);
    expect(without('q')).toBeCloseTo(0, 12);
    expect(without('v')).toBeCloseTo(0, 12);
    const zero = ablationEffects(model, { kind: 'zero', set }).heads;
    const frozen = ablationEffects(model, { kind: 'pattern-preserving', set }).heads;
    expect(zero.find(({ label }) => label === 'L0H0')!.increase.value).toBeCloseTo(withoutKeys, ON_PAPER);
    expect(frozen.find(({ label }) => label === 'L0H0')!.increase.value).toBeCloseTo(0, 12);
    // Without the induction head all logits are 0.
    for (const effects of [zero, frozen])
      expect(effects.find(({ label }) => label === 'L1H0')!.increase.value).toBeCloseTo(
        Math.log(V) - perfectCopyLoss(V),
        ON_PAPER,
      );
  });

  test('loses as much when the mean takes the place of the keys: a constant in every key moves no attention', () => {
    const byMean = pathTable(model, { set, by: 'mean' });
    expect(byMean.by).toBe('mean');
    expect(find(byMean, 'L0H0', 'L1H0', 'k').increase.value).toBeCloseTo(withoutKeys, ON_PAPER);
    for (const { increase } of allBut(byMean, 'L0H0 L1H0 k')) expect(increase.value).toBeCloseTo(0, 12);
  });

  test('gives attribution nothing to see: where softmax is saturated its gradient is 0, which the exact cell beside it shows', () => {
    expect(K.attributed!.value).toBeCloseTo(0, 12);
    expect(K.increase.value).toBeGreaterThan(1);
  });
});

test('two heads that build the same keys are each spared alone, and not together: the joint row shows what cells hide', () => {
  const model = handBuiltInduction(referenceEngine, sizes);
  const weights = model.getWeights();
  for (const part of ['W_Q', 'W_K', 'W_V']) {
    const { shape, data } = weights[`blocks.0.attn.${part}`]!;
    const first = Array.from(data).slice(0, data.length / 2);
    model.setWeights({ [`blocks.0.attn.${part}`]: { shape, data: [...first, ...first] } });
  }
  const { shape, data } = weights['blocks.0.attn.W_O']!;
  const first = Array.from(data).slice(0, data.length / 2);
  model.setWeights({ 'blocks.0.attn.W_O': { shape, data: [...first, ...first].map((x) => x / 2) } });
  const shared = pathTable(model, { set: new RepeatSet(model, { sequences: 2, seed: 5, periods: [7] }) });
  for (const source of ['L0H0', 'L0H1'])
    expect(find(shared, source, 'L1H0', 'k').increase.value).toBeCloseTo(0, ON_PAPER);
  const joint = shared.joint.find(({ target, input }) => target === 'L1H0' && input === 'k')!;
  expect(joint.increase.value).toBeGreaterThan(1);
  expect(joint.stripeChange.value).toBeLessThan(-0.8);
});

describe('the hand-built pair hub', () => {
  const set = new RepeatSet(handBuiltHub(referenceEngine, sizes), { sequences: 4, seed: 5, periods: [4, 7] });
  const table = pathTable(set.model, { set });

  test('loses all it knows without the head that fills its values: all logits are 0 then', () => {
    expect(find(table, 'L0H1', 'L1H0', 'v').increase.value).toBeCloseTo(Math.log(V) - perfectCopyLoss(V), ON_PAPER);
    expect(find(table, 'L0H1', 'L1H0', 'v').stripeChange.value).toBeCloseTo(0, 12); // it still looks where it did
  });

  // Without first tokens in the keys every position but 0 and 1 scores 0: attention is 1/(q − 1) on each of positions
  // 2 … q, whose values are their second tokens, the tokens before them: tokens[1 … q − 1].
  test('loses, without the head that fills its keys, what an even copy of tokens[1 … q − 1] loses', () => {
    const even = meanOverRepeats(set, (tokens, q) => evenCopyLoss(tokens.subarray(1, q), tokens[q + 1]!, V));
    expect(find(table, 'L0H0', 'L1H0', 'k').increase.value).toBeCloseTo(even - perfectCopyLoss(V), ON_PAPER);
    expect(even).toBeGreaterThan(1);
  });

  test('has no other path', () => {
    const others = allBut(table, 'L0H0 L1H0 k', 'L0H1 L1H0 v');
    expect(others).toHaveLength(2 * 2 * 3 - 2);
    for (const { increase } of others) expect(increase.value).toBeCloseTo(0, 12);
  });
});

test('a model of one layer has no paths between heads, and the table says so', () => {
  const copier = handBuiltPositionalCopier(referenceEngine, { ...sizes, period: 7 });
  const table = pathTable(copier, { sequences: 2 });
  expect(table.cells).toEqual([]);
  expect(table.joint).toEqual([]);
  expect(table.doesNotApply).toMatch(/one layer has no paths/);
  expect(table.periods).toEqual([7]); // the only one it solves
});

describe('a table of three layers', () => {
  const model = randomModel(referenceEngine, { nLayers: 3, nHeads: 3, dModel: 11, dHead: 5, nCtx: 23, dVocab: 13 });
  const set = new RepeatSet(model, { sequences: 6, seed: 1, periods: [5, 7] });
  const table = pathTable(model, { set });

  test('has a cell for every pair of an earlier and a later head and each input', () => {
    const heads = [0, 1, 2].flatMap((layer) => [0, 1, 2].map((head) => ({ layer, label: `L${layer}H${head}` })));
    const expected = heads.flatMap((source) =>
      heads
        .filter((target) => target.layer > source.layer)
        .flatMap((target) => INPUTS.map((input) => `${source.label} ${target.label} ${input}`)),
    );
    const got = table.cells.map((c) => `${c.source} ${c.target} ${c.input}`);
    expect(got.sort()).toEqual(expected.sort());
    expect(table.doesNotApply).toBeNull();
    expect(table.sequences).toBe(6);
  });

  test('measures each cell as the loss with that source taken out of that input of that head alone', () => {
    const cell = find(table, 'L0H2', 'L2H1', 'q');
    const ablation = {
      kind: 'removeFromInput',
      layer: 2,
      head: 1,
      input: 'q',
      sources: [{ layer: 0, head: 2 }],
    } as const;
    expect(cell.increase.value).toBeCloseTo(mean(set.losses([ablation])) - mean(set.clean), 12);
    expect(Math.abs(cell.increase.value)).toBeGreaterThan(1e-6);
  });

  test('has as control of a cell the mean over the other sources of the same layer into the same input', () => {
    for (const [source, others] of [
      ['L1H0', ['L1H1', 'L1H2']],
      ['L0H2', ['L0H0', 'L0H1']],
    ] as const) {
      const control = mean(others.map((other) => find(table, other, 'L2H1', 'k').increase.value));
      expect(find(table, source, 'L2H1', 'k').control!.value).toBeCloseTo(control, 12);
    }
  });

  test('becomes a matrix of one input, with NaN where there is no path', () => {
    const { sources, targets, values } = pathMatrix(table, 'v');
    expect(sources).toEqual(['L0H0', 'L0H1', 'L0H2', 'L1H0', 'L1H1', 'L1H2']);
    expect(targets).toEqual(['L1H0', 'L1H1', 'L1H2', 'L2H0', 'L2H1', 'L2H2']);
    expect(values[1]![5]).toBe(find(table, 'L0H1', 'L2H2', 'v').increase.value);
    expect(values[4]!.map(Number.isNaN)).toEqual([true, true, true, false, false, false]);
  });

  test('says how well attribution ranks its cells: 1 where it is exact, −1 where it is backwards', () => {
    const withAttribution = (attributed: (x: number) => number): PathTableRecord => ({
      ...table,
      cells: table.cells.map((c) => ({
        ...c,
        attributed: { ...c.increase, value: attributed(c.increase.value) },
      })),
    });
    expect(attributionAgreement(withAttribution((x) => 3 * x + 1))).toBeCloseTo(1, ON_PAPER);
    expect(attributionAgreement(withAttribution((x) => -x))).toBeCloseTo(-1, ON_PAPER);
  });
});

test('every kind of model has a table, ablations and finite numbers', () => {
  for (const positions of ['shortformer', 'rotary', 'sinusoidal', 'none'] as const) {
    const model = randomModel(fast, {
      ...{ nLayers: 2, nHeads: 3, dModel: 7, dHead: 5, nCtx: 11, dVocab: 13 },
      positions,
      biases: true,
      tied: positions === 'rotary',
    });
    const set = new RepeatSet(model, { sequences: 2, seed: 0, periods: [5] });
    const numbers = [
      ...pathTable(model, { set }).cells.flatMap((c) => [c.increase, c.stripeChange, c.attributed!, c.control!]),
      ...ablationEffects(model, { set }).heads.map(({ increase }) => increase),
    ].flatMap(({ value, interval }) => [value, ...interval]);
    expect(numbers.every(Number.isFinite), positions).toBe(true);
    expect(new Set(numbers).size).toBeGreaterThan(100);
  }
});
