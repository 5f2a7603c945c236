// One checkpoint whose every number is known on paper, and the rule of the phase change on runs that are written down.
import { describe, expect, test } from 'vitest';
import { evenCopyLoss, meanOverRepeats, perfectCopyLoss } from '../../../test/support/paper.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { loadEngine } from '../../node.ts';
import { periodsToMeasure } from '../causal/effectPeriods.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { mean } from '../statistics/estimate.ts';
import { type DynamicsPoint, inContextQueries, measureCheckpoint } from './dynamics.ts';
import { phaseChange } from './phaseChange.ts';

const engine = await loadEngine({ exact: true });
/** More tokens than positions, so that nothing repeats by chance. */
const V = 23;
const sizes = { dVocab: V, nCtx: 20 };
/** Decimal places of float32 losses up to 20 nats. */
const FLOAT32 = 4;

describe('a checkpoint of the hand-built induction model', () => {
  const model = handBuiltInduction(engine, sizes);
  const point = measureCheckpoint(model, { step: 40, sequences: 6, seed: 2 });
  const head = (label: string) => point.heads.find((h) => h.label === label)!;
  const PERIODS = [3, 4, 6, 7, 9, 10]; // six of 3 … 10, evenly spread
  const meanOf = (from: number, to: number, value: (q: number) => number): number =>
    mean(Array.from({ length: to - from }, (_, i) => value(from + i)));

  test('repeats without loss, and on a first occurrence copies what it sees, evenly', () => {
    expect(periodsToMeasure(model, { seed: 2 })).toEqual(PERIODS);
    expect(point.step).toBe(40);
    expect(point.lossRepeat).toBeCloseTo(perfectCopyLoss(V), FLOAT32);
    // Query 0 attends to itself; query q to positions 1 … q, whose tokens all differ from the next one.
    const atFirst = (q: number): number =>
      Math.log(Math.max(1, q) * Math.exp(20 / Math.max(1, q)) + V - Math.max(1, q));
    expect(point.lossFirst).toBeCloseTo(mean(PERIODS.map((period) => meanOf(0, period - 1, atFirst))), FLOAT32);
  });

  test('has an in-context-learning score of the loss at query 18 less that at query 2', () => {
    expect(inContextQueries(20)).toEqual({ early: 2, late: 18 });
    // At query 2 attention is 1/2 on each of tokens 1 and 2, whose logits are 10; the next token's is 0.
    const early = Math.log(2 * Math.exp(10) + V - 2);
    expect(point.inContextLearning).toBeCloseTo(perfectCopyLoss(V) - early, FLOAT32);
    expect(inContextQueries(50)).toEqual({ early: 5, late: 45 });
  });

  test('has heads with the scores known on paper', () => {
    expect(head('L0H0').previousToken).toBeCloseTo(1, FLOAT32);
    expect(head('L1H0').inductionStripe).toBeCloseTo(1, FLOAT32);
    // Without a repeat the induction head attends evenly to 1 … q: that is what its stripe exceeds.
    const control = mean(PERIODS.map((period) => meanOf(period, 2 * period - 1, (q) => 1 / q)));
    expect(head('L1H0').inductionExcess).toBeCloseTo(1 - control, FLOAT32);
    for (const label of ['L0H0', 'L0H1', 'L1H1']) expect(head(label).inductionExcess).toBeCloseTo(0, FLOAT32);
  });

  test('loses, without layer 0 in the keys, what even attention to positions 1 … q loses, and nothing by Q or V', () => {
    const set = new RepeatSet(model, { sequences: 12, seed: 2, periods: PERIODS });
    const even = meanOverRepeats(set, (tokens, q) => evenCopyLoss(tokens.subarray(1, q + 1), tokens[q + 1]!, V));
    expect(point.pathEffects!.k).toBeCloseTo(even - perfectCopyLoss(V), FLOAT32);
    expect(point.pathEffects!.q).toBeCloseTo(0, FLOAT32);
    expect(point.pathEffects!.v).toBeCloseTo(0, FLOAT32);
    expect(head('L0H0').keyEffect).toBeCloseTo(even - perfectCopyLoss(V), FLOAT32);
    expect(head('L0H0').ablation).toBeCloseTo(even - perfectCopyLoss(V), FLOAT32);
    expect(head('L0H1').keyEffect).toBeCloseTo(0, FLOAT32);
    for (const label of ['L1H0', 'L1H1']) expect(head(label).keyEffect).toBeNull();
    expect(head('L1H0').ablation).toBeGreaterThan(2);
    expect(head('L1H1').ablation).toBeCloseTo(0, FLOAT32);
  });

  test('composes by K alone, between the two heads of the circuit', () => {
    const above = (earlier: string, later: string, input: string): number =>
      point.composition.find((c) => c.earlier === earlier && c.later === later && c.input === input)!.corrected;
    expect(point.composition).toHaveLength(2 * 2 * 3);
    // All other products are exactly 0, so that they lie below random matrices by the same amount.
    const none = above('L0H1', 'L1H1', 'q');
    for (const { earlier, later, input, corrected } of point.composition)
      if (`${earlier} ${later} ${input}` === 'L0H0 L1H0 k') expect(corrected).toBeGreaterThan(none + 0.05);
      else expect(corrected).toBeCloseTo(none, FLOAT32);
  });

  test('is measured on the same sequences again', () => {
    expect(measureCheckpoint(model, { step: 40, sequences: 6, seed: 2 })).toEqual(point);
  });
});

test('a model of one layer has no paths and no key effects, and is measured all the same', () => {
  const copier = handBuiltPositionalCopier(engine, { ...sizes, period: 9 });
  const point = measureCheckpoint(copier, { step: 0, sequences: 2 });
  expect(point.pathEffects).toBeNull();
  expect(point.composition).toEqual([]);
  expect(point.heads).toMatchObject([{ label: 'L0H0', keyEffect: null }]);
  expect(phaseChange([point])).toMatchObject({ step: null, previousTokenHead: null, inductionHead: null });
});

describe('the phase change', () => {
  /** A checkpoint of a model of 2 × 2 heads in which L0H1 builds keys for L1H0. */
  const at = (
    step: number,
    {
      loss = 4,
      excess = 0,
      previous = 0,
      composition = 0,
      k = 0,
      key = k,
    }: Partial<Record<'loss' | 'excess' | 'previous' | 'composition' | 'k' | 'key', number>>,
  ): DynamicsPoint => {
    const blank = { inductionStripe: 0, ablation: 0, previousToken: 0.1, inductionExcess: 0.05 };
    return {
      step,
      lossFirst: 4,
      lossRepeat: loss,
      inContextLearning: 0,
      pathEffects: { q: 0, k, v: 0 },
      heads: [
        { ...blank, label: 'L0H0', layer: 0, keyEffect: 0 },
        { ...blank, label: 'L0H1', layer: 0, previousToken: previous, keyEffect: key },
        { ...blank, label: 'L1H0', layer: 1, inductionExcess: excess, keyEffect: null },
        { ...blank, label: 'L1H1', layer: 1, keyEffect: null },
      ],
      composition: [{ earlier: 'L0H1', later: 'L1H0', input: 'k', corrected: composition }],
    };
  };
  const end = { loss: 0.1, excess: 0.9, previous: 0.8, composition: 0.2, k: 4 };
  /** Previous-token head at 20, K-composition at 30, excess at 40, loss and K path at 50. */
  const points = [
    at(0, {}),
    at(10, { previous: 0.39, composition: 0.02 }),
    at(20, { previous: 0.4, composition: 0.09 }),
    at(30, { ...end, loss: 3, excess: 0.29, composition: 0.1, k: 1 }),
    at(40, { ...end, loss: 2.1, excess: 0.31, k: 1.9 }),
    at(50, { ...end, loss: 1.9, k: 2.1 }),
    at(60, end),
  ];
  const stepsOf = (...args: Parameters<typeof phaseChange>): (readonly [string, number | null])[] =>
    phaseChange(...args).events.map(({ what, step }) => [what, step]);

  test('is the first step at which the loss has fallen by half and some head follows the period', () => {
    expect(phaseChange(points)).toMatchObject({ step: 50, previousTokenHead: 'L0H1', inductionHead: 'L1H0' });
    // Excess last: then it decides.
    expect(phaseChange([at(0, {}), at(10, { loss: 1 }), at(20, end)]).step).toBe(20);
  });

  test('has the other events in the order in which they came, each at half of its end', () => {
    expect(stepsOf(points)).toEqual([
      ['previous-token head', 20],
      ['K-composition', 30],
      ['induction', 40],
      ['loss', 50],
      ['K path', 50],
    ]);
  });

  test('never happened where one of its two conditions never held, and what never happened comes last', () => {
    const noHead = points.map((p) => at(p.step, { ...end, loss: p.lossRepeat, excess: 0.3, k: p.pathEffects!.k }));
    expect(phaseChange(noHead)).toMatchObject({ step: null, inductionHead: null, previousTokenHead: 'L0H1' });
    expect(stepsOf(noHead)).toEqual([
      ['previous-token head', 0],
      ['loss', 50],
      ['K path', 50],
      ['induction', null],
    ]);
    const noFall = points.map((p) => ({ ...p, lossRepeat: 2 + p.lossRepeat / 2 }));
    expect(phaseChange(noFall).step).toBeNull();
    expect(stepsOf(noFall).at(-1)).toEqual(['loss', null]);
    expect(phaseChange([at(0, {})])).toEqual({
      step: null,
      events: [
        { what: 'loss', description: expect.any(String), step: null },
        { what: 'induction', description: expect.any(String), step: null },
      ],
      previousTokenHead: null,
      inductionHead: null,
    });
  });

  test('does not count what did not hold to the end', () => {
    const relapse = points.map((p) =>
      p.step === 50 ? at(50, { ...end, loss: 3, excess: 0.2, previous: 0.1, composition: 0, k: 0 }) : p,
    );
    expect(phaseChange(relapse).step).toBe(60);
    expect(new Set(stepsOf(relapse).map(([, step]) => step))).toEqual(new Set([60]));
  });

  test('names the builder of the keys by its effect at the end, and nobody where that is small', () => {
    const weak = points.map((p) => at(p.step, { ...end, excess: p.heads[2]!.inductionExcess, key: 0.4 }));
    expect(phaseChange(weak).previousTokenHead).toBeNull();
    expect(stepsOf(weak).map(([what]) => what)).toEqual(expect.arrayContaining(['loss', 'induction']));
    expect(stepsOf(weak)).toHaveLength(2);
  });

  describe('by the training log', () => {
    /** One record a step: 4 nats up to step `fall`, 1 after it. */
    const log = (fall: number, changes: Record<number, number> = {}): { step: number; lossRepeat: number }[] =>
      Array.from({ length: 60 }, (_, i) => ({ step: i + 1, lossRepeat: changes[i + 1] ?? (i + 1 > fall ? 1 : 4) }));

    test('averages the loss over ten records: the first of the first ten whose mean is below half of the start', () => {
      // Ten records from step s on have the mean 4 − 0.3 (s + 9 − 40): below 2 from s = 38 on, with seven low ones.
      expect(stepsOf(points, log(40)).find(([what]) => what === 'loss')).toEqual(['loss', 38]);
      expect(phaseChange(points, log(40)).step).toBe(40); // the excess, measured at checkpoints, decides
      expect(phaseChange(points, log(45)).step).toBe(43);
    });

    test('is not fooled by a few noisy batches', () => {
      const noisy = log(45, { 12: 0, 13: 0, 20: 0.1 });
      expect(phaseChange(points, noisy).step).toBe(phaseChange(points, log(45)).step);
    });

    test('does not count a fall that did not hold to the end', () => {
      const relapse = log(45, Object.fromEntries(Array.from({ length: 15 }, (_, i) => [11 + i, 0.5])));
      expect(phaseChange(points, relapse).step).toBe(phaseChange(points, log(45)).step);
    });

    test('takes over from the checkpoints’ losses, also where it never falls', () => {
      expect(phaseChange(points, log(60)).step).toBeNull();
    });

    test('of fewer than ten records has one average, and so no fall', () => {
      expect(phaseChange(points, log(3).slice(0, 8)).step).toBeNull();
    });
  });

  test('of a run without checkpoints is refused', () => {
    expect(() => phaseChange([])).toThrow('phaseChange: expected at least one checkpoint.');
  });
});
