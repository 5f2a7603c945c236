import { describe, expect, test } from 'vitest';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { audit } from '../claims/audit.ts';
import { headMarks } from '../claims/headMarks.ts';
import { headLook } from './headLooks.ts';
import { headScores } from './headScores.ts';
import type { HeadScores, HeadScoresRecord } from './headScoresRecord.ts';

const sizes = { dVocab: 29, nCtx: 24 };
const induction = headScores(handBuiltInduction(referenceEngine, sizes), { sequences: 4 });
const idle = induction.heads.find(({ label }) => label === 'L0H1')!;
const share = (value: number) => ({ ...idle.firstToken, value });
const look = (changed: Partial<HeadScores>, record: HeadScoresRecord = induction): string | null =>
  headLook({ ...idle, ...changed } as HeadScores, record)?.label ?? null;

describe('the place that a head looks at sharply', () => {
  test('of models whose heads are known', () => {
    const copier = headScores(handBuiltPositionalCopier(referenceEngine, { ...sizes, period: 9 }), { sequences: 4 });
    const places = (record: HeadScoresRecord) => record.heads.map((head) => headLook(head, record)?.place ?? null);
    expect(places(induction)).toEqual(['previous token', null, 'after the duplicate', null]);
    expect(places(copier)).toEqual(['fixed distance']);
    expect(headLook(copier.heads[0]!, copier)!.label).toBe('8-back pattern');
  });

  test('is one of the list, when more than half of the attention above chance goes there', () => {
    expect(look({})).toBeNull();
    expect(look({ firstToken: share(0.9) })).toBe('first-token pattern');
    expect(look({ previousToken: share(0.9) })).toBe('previous-token pattern');
    expect(look({ currentToken: share(0.9) })).toBe('same-token pattern');
    expect(look({ duplicateToken: share(0.9) })).toBe('duplicate-token pattern');
    expect(look({ inductionExcess: share(0.9) })).toBe('after-duplicate pattern');
    expect(look({ positionalOffset: { offset: 5, estimate: share(0.9), aboveChance: 0.8 } })).toBe('5-back pattern');
    expect(look({ firstToken: share(0.5 + induction.chance.firstToken) })).toBeNull();
    expect(look({ firstToken: share(0.7), currentToken: share(0.8) })).toBe('same-token pattern');
  });

  test('of a head that looks a period back also without a repeat is a distance, and no duplicate', () => {
    const offsets = idle.offsetsAboveChance.map((x, d) => (d === induction.stripePeriod ? 0.9 : x));
    const back = { offset: induction.stripePeriod, estimate: share(0.95), aboveChance: 0.9 };
    expect(look({ duplicateToken: share(1), offsetsAboveChance: offsets, positionalOffset: back })).toBe(
      '12-back pattern',
    );
    expect(look({ duplicateToken: share(1), offsetsAboveChance: offsets })).toBeNull();
  });
});

test('heads of the circuit keep their names, and only the others are called by where they look', () => {
  const record = audit(handBuiltInduction(referenceEngine, { dVocab: 9, nCtx: 12 }), { sequences: 4 });
  expect([...headMarks({ audit: record })]).toEqual([
    ['L0H0', 'previous-token head'],
    ['L1H0', 'induction head'],
  ]);
  const heads = record.scores.heads.map((h) => (h.label === 'L1H1' ? { ...h, firstToken: share(0.95) } : h));
  expect([...headMarks({ audit: { ...record, scores: { ...record.scores, heads } } })].at(-1)).toEqual([
    'L1H1',
    'first-token pattern',
  ]);
});
