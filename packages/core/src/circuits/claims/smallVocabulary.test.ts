// Vocabularies smaller than the context: a perfect matcher of single tokens is induction or too small to tell, never worse.
import { describe, expect, test } from 'vitest';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import type { Model } from '../../model/model.ts';
import { loadEngine } from '../../node.ts';
import { contentMayAct } from '../attention/contentFree.ts';
import { headScores } from '../attention/headScores.ts';
import { meanAlongCounted } from '../attention/line.ts';
import { ablationEffects } from '../causal/ablation.ts';
import { activationPatching } from '../causal/activationPatching.ts';
import { periodToCorrupt } from '../causal/periodToCorrupt.ts';
import { corruptedPair } from '../data/corruption.ts';
import { scannedPeriods } from '../data/periods.ts';
import { controlProbe, fourfoldProbe, repeatedProbe } from '../data/probes.ts';
import { audit } from './audit.ts';
import { measureCheckpoint } from './dynamics.ts';
import { prove } from './prove.ts';

const engine = await loadEngine({ exact: true });
const induction = (dVocab: number, nCtx: number): Model => handBuiltInduction(engine, { dVocab, nCtx });

describe('a perfect matcher', () => {
  test.for([
    [7, 14],
    [8, 24],
    [8, 60],
  ] as const)('of %i tokens in a context of %i is induction, for audit and proof alike', ([V, T]) => {
    const model = induction(V, T);
    const record = audit(model, { sequences: 4 });
    expect(record.verdict, record.sentence).toBe('induction');
    expect(record.evidence.close).toBe(false);
    expect(record.evidence.solved).toEqual(record.scores.periods);
    expect(Math.max(...record.scores.periods)).toBe(Math.min(V, T / 2));
    expect(record.scores.heads.find(({ label }) => label === 'L1H0')!.inductionStripe.value).toBeCloseTo(1, 6);
    expect(record.scores.heads.find(({ label }) => label === 'L0H0')!.previousToken.value).toBeCloseTo(1, 6);
    const proof = prove(model, { sequences: 4, audit: record });
    expect(proof.kind).toBe('induction');
    expect(proof.sentence).not.toMatch(/NaN|Infinity/);
  });

  test.for([
    [3, 30],
    [4, 28],
    [5, 16],
    [5, 60],
    [6, 14],
  ] as const)('of %i tokens in a context of %i is judged by queries that a matcher can answer', ([V, T]) => {
    const record = audit(induction(V, T), { sequences: 4 });
    expect(record.verdict, record.sentence).toBe('induction');
    expect(record.limits).toEqual([]);
    expect(record.map.cells.every(({ solution }) => solution !== 'not solved')).toBe(true);
    expect(prove(induction(V, T), { sequences: 4, audit: record }).kind).toBe('induction');
  });

  test('of four tokens still has scores, ablations, a checkpoint’s measures and patches', () => {
    const model = induction(4, 28);
    const { heads, periods } = headScores(model, { sequences: 4 });
    expect(periods).toEqual([3, 4]);
    expect(heads.find(({ label }) => label === 'L1H0')!.inductionStripe.value).toBeCloseTo(1, 6);
    expect(ablationEffects(model, { sequences: 4 }).heads[0]!.increase.value).toBeGreaterThan(0.5);
    expect(measureCheckpoint(model, { step: 0, sequences: 4 }).lossRepeat).toBeLessThan(0.01);
    const period = periodToCorrupt(model, 'change-match', { seed: 0 });
    expect(period).toBe(3);
    const pair = corruptedPair({ config: model.config, count: 8, seed: 1 }, period, 'change-match');
    expect(activationPatching(model, pair).doesNotApply).toBeNull();
  });
});

test('a fixed distance is a positional shortcut in a small vocabulary too', () => {
  for (const [dVocab, nCtx, period] of [
    [8, 24, 5],
    [7, 14, 4],
  ] as const) {
    const record = audit(handBuiltPositionalCopier(engine, { dVocab, nCtx, period }), { sequences: 8 });
    expect(record.verdict, record.sentence).toBe('positional shortcut');
    expect(record.evidence.solved).toEqual([period]);
  }
});

test('a vocabulary that has no block of three different tokens is refused everywhere', () => {
  for (const dVocab of [1, 2]) {
    const model = induction(dVocab, 20);
    for (const analyse of [audit, headScores, ablationEffects, prove])
      expect(() => analyse(model)).toThrow(new RegExp(`a vocabulary of ${dVocab} is too small to probe`));
  }
});

test('no probe with a repeat has a token twice in its block, and a large vocabulary has the periods it always had', () => {
  const config = induction(8, 60).config;
  for (const period of scannedPeriods(config))
    for (const tokens of repeatedProbe({ config, count: 3, seed: 0 }, period))
      expect(new Set(tokens).size).toBe(period);
  const { tokens, period } = fourfoldProbe({ config, count: 2, seed: 0 });
  for (const sequence of tokens) expect(new Set(sequence).size).toBe(period);
  const large = { ...config, dVocab: 64, nCtx: 50 };
  expect(scannedPeriods(large)).toEqual(Array.from({ length: 18 }, (_, i) => 8 + i));
});

test('on a control that repeats by chance, cells where content may act do not count', () => {
  const tokens = [3, 5, 3, 4];
  expect(contentMayAct(tokens, 2, 0)).toBe(true); // an earlier copy
  expect(contentMayAct(tokens, 2, 1)).toBe(true); // its successor
  expect(contentMayAct(tokens, 2, 2)).toBe(false);
  expect(contentMayAct(tokens, 3, 0)).toBe(false);
  const cells = {
    attention: (q: number, k: number) => q + k,
    counts: (q: number, k: number) => !contentMayAct(tokens, q, k),
  };
  const key = (q: number) => q - 1;
  expect(meanAlongCounted(cells, { from: 1, to: 4, key })).toBe((1 + 5) / 2); // (2, 1) is left out
  expect(meanAlongCounted(cells, { from: 2, to: 3, key })).toBeNaN();
  const model = induction(8, 60);
  const control = controlProbe({ config: model.config, count: 1, seed: 0 })[0]!;
  expect(new Set(control).size).toBeLessThan(control.length);
  const { heads } = headScores(model, { sequences: 8 });
  expect(Math.max(...heads.find(({ label }) => label === 'L1H0')!.offsetsAboveChance.slice(2))).toBeLessThan(0.05);
});

test('a match cannot be changed where all tokens are in the block: another corruption or period is named', () => {
  const { config } = induction(4, 28);
  expect(() => corruptedPair({ config, count: 2, seed: 1 }, 4, 'change-match')).toThrow(/break-repeat and shift-block/);
  expect(() => periodToCorrupt(induction(3, 28), 'change-match', { seed: 0 })).toThrow(
    /use break-repeat or shift-block/,
  );
});
