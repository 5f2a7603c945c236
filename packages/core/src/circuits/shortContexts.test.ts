// Contexts below eight: what can be said is said, the rest is named.
import { expect, test } from 'vitest';
import { handBuiltInduction } from '../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../examples/handBuiltPositionalCopier.ts';
import { Model } from '../model/model.ts';
import { loadEngine } from '../node.ts';
import { audit } from './claims/audit.ts';
import { measureCheckpoint } from './claims/dynamics.ts';
import { prove } from './claims/prove.ts';

const engine = await loadEngine({ exact: true });
const induction = (nCtx: number): Model => handBuiltInduction(engine, { dVocab: 9, nCtx });

test.for([4, 5, 6, 7])(
  'a context of %i is mapped as far as it goes, and the verdict says what was not tested',
  (nCtx) => {
    const record = audit(induction(nCtx), { sequences: 8 });
    expect(record.verdict, record.sentence).toBe('induction');
    expect(record.map.cells).toHaveLength(record.map.cellsInAll);
    expect(record.map.cellsInAll).toBe(((nCtx - 3) * (nCtx - 2)) / 2);
    expect(record.scores.periods).toEqual([Math.floor(nCtx / 2)]);
    expect(record.scores.heads[0]!.previousToken.value).toBeCloseTo(1, 6);
    expect(record.scores.heads[2]!.inductionStripe.value).toBeCloseTo(1, 6);
    expect(record.scores.heads[0]!.prefixMatching.value).toBeNaN();
    expect(record.untested.join()).toMatch(/periods other than [23].*prefix matching: four copies of a block of two/);
    expect(record.weights![2]).toMatchObject({ label: 'L1H0', copiesTop1: 1 });
    expect(record.weights![0]).toMatchObject({ label: 'L0H0', previousPosition: 1 });
    expect(record.sentence).not.toMatch(/NaN|Infinity/);
    expect(prove(induction(nCtx), { sequences: 8, audit: record }).kind).toBe('induction');
    expect(measureCheckpoint(induction(nCtx), { step: 0, sequences: 4 }).lossRepeat).toBeLessThan(0.01);
  },
);

test('a fixed distance in a context of 7 is a shortcut, and zeros have learned nothing', () => {
  const copier = handBuiltPositionalCopier(engine, { dVocab: 9, nCtx: 7, period: 4 });
  expect(audit(copier, { sequences: 8 }).verdict).toBe('positional shortcut');
  const zeros = new Model(engine, { nLayers: 2, nHeads: 1, dModel: 8, dHead: 8, nCtx: 7, dVocab: 9 });
  expect(audit(zeros, { sequences: 8 }).verdict).toBe('not learned');
});

test.for([2, 3])('a context of %i has scores and weights; nothing that takes a repeat is claimed', (nCtx) => {
  const record = audit(induction(nCtx), { sequences: 8 });
  expect(record).toMatchObject({
    verdict: 'not learned',
    limits: [],
    followers: [],
    map: { cells: [], cellsInAll: 0 },
  });
  expect(record.sentence).toBe(
    `Nothing of a repeat can be told: ${nCtx} tokens have no room for a block of two and its copy. Scores and weights are all there is.`,
  );
  expect(record.untested).toEqual([`whatever takes a repeat: a block of two and its copy do not fit ${nCtx} tokens`]);
  expect(record.weights).toHaveLength(4);
  if (nCtx === 3) expect(record.scores.heads[0]!.previousToken.value).toBeCloseTo(1, 6);
  for (const analyse of [() => prove(induction(nCtx)), () => measureCheckpoint(induction(nCtx), { step: 0 })])
    expect(analyse).toThrow(`a context of ${nCtx} has no room for a repeat; it takes at least 4 tokens.`);
});

test('behind a start token the context counts from the first token drawn; a context of eight has its record as ever', () => {
  const model = induction(8);
  const behind = new Model(engine, { ...model.config, bos: 8 });
  behind.setWeights(model.getWeights());
  expect(audit(behind, { sequences: 8 }).untested.join()).toContain('do not fit 7 tokens');
  const record = audit(model, { sequences: 8 });
  expect('weights' in record).toBe(false);
  expect(record.untested.join()).not.toMatch(/prefix matching/);
});
