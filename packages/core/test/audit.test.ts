// The audit on models whose answer is known: written down on paper, blank, random, and trained from the presets.
import { describe, expect, test } from 'vitest';
import { headScores } from '../src/circuits/attention/headScores.ts';
import { audit } from '../src/circuits/claims/audit.ts';
import { referenceEngine } from '../src/engine/engine.ts';
import { handBuiltInduction } from '../src/examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../src/examples/handBuiltPositionalCopier.ts';
import { Model } from '../src/model/model.ts';
import { loadEngine } from '../src/node.ts';
import { RandomStream } from '../src/random/randomStream.ts';
import { trainedPreset } from './support/trainedPreset.ts';

const engine = await loadEngine({ exact: true });
const sizes = { dVocab: 64, nCtx: 50 };

describe('the hand-built induction model', () => {
  const record = audit(handBuiltInduction(engine, sizes), { sequences: 6 });
  const head = (label: string) => record.scores.heads.find((h) => h.label === label)!;

  test('is induction, by a wide margin, at every period', () => {
    expect(record.verdict).toBe('induction');
    expect(record.evidence.close).toBe(false);
    expect(record.evidence.solved).toEqual(record.scores.periods);
    expect(record.followers).toEqual(['L1H0']);
    expect(record.positionalHeads).toEqual([]);
  });

  test('has the scores that can be worked out on paper', () => {
    expect(head('L0H0').previousToken.value).toBeCloseTo(1, 6);
    expect(head('L1H0').inductionStripe.value).toBeCloseTo(1, 6);
    expect(head('L1H0').prefixMatching.value).toBeCloseTo(1, 6);
    expect(head('L1H0').inductionByContent.value).toBeCloseTo(1, 6);
    expect(head('L1H0').inductionStripeControl.value).toBeLessThan(0.05);
    for (const idle of ['L0H1', 'L1H1']) {
      expect(head(idle).inductionExcess.value).toBeCloseTo(0, 3);
      expect(head(idle).previousToken.value).toBeCloseTo(record.scores.chance.previousToken, 6);
    }
  });

  test('loses ln(1 + 63 e^−20) on a repeat, and everything it knows without the K path alone', () => {
    expect(record.evidence.periods.at(-1)!.lossRepeat.value).toBeCloseTo(Math.log1p(63 * Math.exp(-20)), 6);
    const increase = Object.fromEntries(record.evidence.paths.map((p) => [p.path, p.increase.value]));
    expect(increase.k).toBeGreaterThan(3);
    expect(increase.q).toBeCloseTo(0, 6);
    expect(increase.v).toBeCloseTo(0, 6);
    expect(record.evidence.keySources.find((s) => s.label === 'L0H0')!.increase.value).toBeGreaterThan(3);
    expect(record.evidence.keySources.find((s) => s.label === 'L0H1')!.increase.value).toBeCloseTo(0, 6);
  });

  test('is judged the same by the float64 reference', () => {
    const small = { dVocab: 9, nCtx: 16 };
    const exact = headScores(handBuiltInduction(referenceEngine, small), { sequences: 3 });
    const fast = headScores(handBuiltInduction(engine, small), { sequences: 3 });
    exact.heads.forEach((h, i) => {
      expect(fast.heads[i]!.inductionExcess.value).toBeCloseTo(h.inductionExcess.value, 5);
      expect(fast.heads[i]!.positionality).toBeCloseTo(h.positionality, 5);
    });
  });
});

describe('the hand-built positional copier', () => {
  const record = audit(handBuiltPositionalCopier(engine, { ...sizes, period: 21 }), { sequences: 6 });

  test('is a positional shortcut: it solves its one period and keeps its stripe where nothing repeats', () => {
    expect(record.verdict).toBe('positional shortcut');
    expect(record.evidence.solved).toEqual([21]);
    expect(record.positionalHeads).toEqual(['L0H0']);
    expect(record.scores.heads[0]!.positionalOffset.offset).toBe(20);
    expect(record.scores.heads[0]!.positionality).toBeCloseTo(1, 6);
    expect(record.evidence.boundaryAtBest).toBeLessThan(0.01);
  });

  test('scores as high as a true induction head where the classic score looks, and nothing where content counts', () => {
    const copier = audit(handBuiltPositionalCopier(engine, { ...sizes, period: 25 }), { sequences: 4 });
    expect(copier.scores.heads[0]!.inductionStripe.value).toBeCloseTo(1, 6);
    expect(copier.scores.heads[0]!.inductionExcess.value).toBeCloseTo(0, 6);
    expect(copier.verdict).toBe('positional shortcut');
  });
});

test('a model of zeros and a model of random weights have learned nothing', () => {
  const model = new Model(engine, { nLayers: 2, nHeads: 4, dModel: 64, dHead: 16, ...sizes });
  expect(audit(model, { sequences: 4 }).verdict).toBe('not learned');
  for (const std of [0.1, 1]) {
    const random = new RandomStream(1);
    const drawn = Object.entries(model.getWeights()).map(([name, { shape, data }]) => [
      name,
      { shape, data: name.endsWith('.w') ? data : Float32Array.from(data, () => std * random.normal()) },
    ]);
    model.setWeights(Object.fromEntries(drawn));
    const record = audit(model, { sequences: 4 });
    expect(record.verdict).toBe('not learned');
    expect(record.followers).toEqual([]);
  }
});

test('other vocabularies, contexts and layers are audited', () => {
  for (const nCtx of [8, 14, 33])
    expect(audit(handBuiltInduction(engine, { dVocab: 23, nCtx }), { sequences: 6 }).verdict).toBe('induction');
  const three = new Model(engine, { nLayers: 3, nHeads: 2, dModel: 16, dHead: 8, nCtx: 24, dVocab: 30 });
  expect(audit(three, { sequences: 4 }).verdict).toBe('not learned');
});

describe('models trained from the presets', () => {
  // Eight seeds each, at full length, are in sweeps/presets.json; more seeds at these lengths in audit.slow.test.ts.
  const CASES = [
    { name: 'literal-1-layer', steps: 300, seed: 102, verdict: 'positional shortcut' },
    { name: 'varied', steps: 400, seed: 101, verdict: 'induction' },
  ] as const;

  test.for(CASES)('$name, $steps steps, seed $seed: $verdict', async ({ name, steps, seed, verdict }) => {
    const record = audit(await trainedPreset(name, { steps, seed }), { sequences: 16 });
    expect(record.verdict, record.sentence).toBe(verdict);
  });
});
