// A model with a start token is measured with it in front; names of positions count from the block.
import { describe, expect, test } from 'vitest';
import { handBuiltInduction } from '../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../examples/handBuiltPositionalCopier.ts';
import { Model } from '../model/model.ts';
import { loadEngine } from '../node.ts';
import { exampleTokens } from './attention/examplePatterns.ts';
import { previousTokenScore } from './attention/fixedKeyScores.ts';
import { measureHeads } from './attention/headScores.ts';
import { stripeLine } from './attention/inductionStripe.ts';
import { uniformAlong } from './attention/line.ts';
import { activationPatching } from './causal/activationPatching.ts';
import { audit } from './claims/audit.ts';
import { measureCheckpoint } from './claims/dynamics.ts';
import { prove } from './claims/prove.ts';
import { CORRUPTIONS, corruptedPair } from './data/corruption.ts';
import { scannedPeriods, solvedBelow } from './data/periods.ts';
import { controlProbe, fourfoldProbe, prefixedProbe, repeatedProbe } from './data/probes.ts';
import { RepeatSet } from './data/repeatSet.ts';
import { twoCopies } from './data/twoCopies.ts';

const engine = await loadEngine({ exact: true, shared: false });
const [dVocab, nCtx] = [17, 23];
const withStart = (model: Model, bos: number): Model => {
  const same = new Model(engine, { ...model.config, bos });
  same.setWeights(model.getWeights());
  return same;
};
const built = handBuiltInduction(engine, { dVocab, nCtx });
/** Any token may be the start token of a file; ours is the last one. */
const starts = [dVocab - 1, 0, 5];

describe.for(starts)('start token %i', (bos) => {
  const { config } = withStart(built, bos);
  const bare = { ...built.config, dVocab: dVocab - 1, nCtx: nCtx - 1 };
  const probe = { count: 5, seed: 3 };
  /** What is drawn from one token fewer, as tokens other than the start token, behind it. */
  const behind = (sequences: readonly Int32Array[]): number[][] =>
    sequences.map((tokens) => [bos, ...[...tokens].map((t) => (t >= bos ? t + 1 : t))]);

  test('probes have it in front and nowhere else, and are those of one token and one position fewer', () => {
    const [a, b] = [
      { ...probe, config },
      { ...probe, config: bare },
    ];
    const same = (left: readonly Int32Array[], right: readonly Int32Array[]): void =>
      expect(left.map((tokens) => [...tokens])).toEqual(behind(right));
    same(repeatedProbe(a, 6), repeatedProbe(b, 6));
    same(controlProbe(a), controlProbe(b));
    same(fourfoldProbe(a).tokens, fourfoldProbe(b).tokens);
    const [left, right] = [prefixedProbe(a, 6)!, prefixedProbe(b, 6)!];
    same(left.tokens, right.tokens);
    expect(left.start).toBe(right.start + 1);
    expect(exampleTokens(config, { period: 7 })).toEqual(
      behind([Int32Array.from(exampleTokens(bare, { period: 7 }))])[0],
    );
    expect(scannedPeriods(config)).toEqual(scannedPeriods(bare));
    expect(solvedBelow(config)).toBe(Math.log(dVocab - 1) / 2);
  });

  test.for(CORRUPTIONS)('%s changes the first copy behind it, and draws it never', (corruption) => {
    const { clean, corrupted, queries } = corruptedPair({ ...probe, config }, 6, corruption);
    clean.forEach((tokens, s) => {
      const other = corrupted[s]!;
      expect([tokens[0], other[0]]).toEqual([bos, bos]);
      expect([...(other as Int32Array)].indexOf(bos, 1)).toBe(-1);
      expect([...(other as Int32Array)].slice(7)).toEqual([...(tokens as Int32Array)].slice(7));
      expect([...(other as Int32Array)]).not.toEqual([...(tokens as Int32Array)]);
    });
    expect(queries).toEqual({ 'break-repeat': [7, 12], 'change-match': [10, 11], 'shift-block': [7, 11] }[corruption]);
  });
});

describe('a hand-built model with a start token', () => {
  const model = withStart(built, dVocab - 1);

  test('has the scores of its circuit, the previous token counted within the block', () => {
    const { scores } = measureHeads(model, { sequences: 8, seed: 1 });
    const [previous, , induction] = scores.heads;
    expect(previous!.previousToken.value).toBeCloseTo(1, 3);
    expect(induction!.inductionExcess.value).toBeGreaterThan(0.9);
    expect(scores.length).toBe(nCtx);
    const line = { from: 2, to: nCtx - 1, key: (q: number) => q - 1 };
    expect(scores.chance.previousToken).toBeCloseTo(uniformAlong(line), 12);
    expect(scores.chance.inductionStripe).toBeCloseTo(uniformAlong(stripeLine(twoCopies(model.config, 11))), 12);
  });

  test('is measured on the repeat: clean losses are those of the queries that the first copy tells', () => {
    const set = new RepeatSet(model, { sequences: 4, seed: 2, periods: [5, 8] });
    const { tokens, queries, period } = set.batches()[0]!;
    expect([period, queries, tokens[0]!.length]).toEqual([5, [6, 10], 11]);
    const { lossPerPosition, length } = model.run(tokens);
    const mean = (lossPerPosition.subarray(6, length - 1) as Float32Array).reduce((a, b) => a + b / 4, 0);
    expect(set.clean[0]).toBeCloseTo(mean, 6);
    expect(set.size).toBe(2 * 11 + 2 * 17);
  });

  test('is audited, proven, patched and followed through training', () => {
    const record = audit(model, { sequences: 8 });
    expect(record.verdict).toBe('induction');
    expect(record.evidence.lnVocab).toBe(Math.log(dVocab - 1));
    expect(record.evidence.keySources[0]!.label).toBe('L0H0');
    const proof = prove(model, { sequences: 8, audit: record });
    expect(proof.minimal!.heads).toEqual(['L0H0', 'L1H0']);
    const point = measureCheckpoint(model, { step: 1, sequences: 4 });
    expect(point.lossRepeat).toBeLessThan(0.2);
    expect(point.inContextLearning).toBeLessThan(-1);
    const pair = corruptedPair({ config: model.config, count: 4, seed: 1 }, 6, 'change-match');
    const { effects } = activationPatching(model, pair, { hooks: ['blocks.0.attn.hook_z'] });
    expect(effects.find(({ label }) => label === 'L0H0')!.effect.value).toBeCloseTo(1, 2);
  });

  test('is measured on what was held out, at starts counted from the block', () => {
    const { heldOut } = audit(model, { sequences: 4, heldOut: { periods: [5], starts: [2], tokens: [3] } });
    expect(heldOut!.periods[0]!.lossRepeat.value).toBeLessThan(0.2);
    expect(heldOut!.starts[0]!.lossRepeat.value).toBeLessThan(0.2);
    expect(heldOut!.tokens!.lossAtMatch.value).toBeLessThan(0.2);
    expect(() => audit(model, { sequences: 4, heldOut: { tokens: [16] } })).toThrow(/names 16, the start token/);
  });

  test('that copies from a fixed distance is a shortcut at that distance', () => {
    const copier = withStart(handBuiltPositionalCopier(engine, { dVocab, nCtx, period: 9 }), dVocab - 1);
    const { verdict, evidence } = audit(copier, { sequences: 8 });
    expect([verdict, evidence.best]).toEqual(['positional shortcut', 9]);
  });
});

test('the previous-token score can be taken from the first token drawn', () => {
  const attention = (query: number, key: number): number => (query === 1 ? 0 : key === query - 1 ? 1 : 0);
  expect(previousTokenScore(attention, 6)).toBeCloseTo(0.8, 12);
  expect(previousTokenScore(attention, 6, 1)).toBe(1);
});

test('a context or a vocabulary too small behind the start token is refused by name', () => {
  const tiny = withStart(handBuiltInduction(engine, { dVocab: 14, nCtx: 4 }), 13);
  expect(() => prove(tiny)).toThrow('a context of 3 behind the start token has no room for a repeat');
  const small = withStart(handBuiltInduction(engine, { dVocab: 14, nCtx: 8 }), 13);
  expect(() => repeatedProbe({ config: small.config, count: 1, seed: 0 }, 4)).toThrow(
    'two copies of a block must fit the context of 8 behind the start token, so periods go from 1 to 3',
  );
});
