// The audit of a language model: three answers on models whose answers are known.
import { describe, expect, test } from 'vitest';
import { STORIES, STORY_PIECES } from '../../../test/support/stories.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { loadEngine, loadModel } from '../../node.ts';
import { mean } from '../statistics/estimate.ts';
import { inContext } from './inContext.ts';
import { languageAudit } from './languageAudit.ts';
import { screenHeads } from './screening.ts';
import { repeatSnippets } from './snippets.ts';

const engine = await loadEngine();
const sizes = { dVocab: 59, nCtx: 52 };
const tokens = Array.from({ length: 59 }, (_, token) => token);
const model = handBuiltInduction(engine, sizes);
/** Numbers that never come twice within a piece of 25. */
const text = Array.from({ length: 118 }, (_, i) => (7 * i) % 59);

describe('the hand-built induction model', () => {
  const record = languageAudit(model, { tokens, text, sequences: 6 });

  test('falls, follows, and loses it: three times yes', () => {
    const { behaviour, attention, cause } = record;
    expect([behaviour.answer, attention.answer, cause.answer]).toEqual(['yes', 'yes', 'yes']);
    expect(behaviour.repeats.map(({ period, start }) => [period, start])).toEqual([
      [25, 0],
      [12, 0],
    ]);
    for (const row of [...behaviour.repeats, behaviour.text!]) expect(row.fall.value).toBeGreaterThan(0.9);
    expect(attention.heads.map(({ label }) => label)).toEqual(['L1H0']);
    expect(attention.heads[0]!.onText!.value).toBeGreaterThan(0.9);
    expect(cause.off!.heads).toEqual(['L1H0']);
    // Without it every token is as likely; where nothing matches it is surer of wrong ones.
    expect(cause.lost).toBeGreaterThan(0.85);
    // The other head of its layer is zero: without it nothing changes.
    for (const lost of cause.randomLost) expect(Math.abs(lost)).toBeLessThan(1e-6);
    expect(record.leftOut).toEqual([]);
    expect(record.sentence).toBe(
      'The loss falls on a repeat, heads follow it, and it is lost with them off, more than with random heads off.',
    );
  });

  test('without a text the rows about it are left out, and it is said', () => {
    const { behaviour, attention, inContext: context, leftOut } = languageAudit(model, { tokens, sequences: 3 });
    expect([behaviour.text, attention.heads[0]!.onText, context]).toEqual([null, null, null]);
    expect(leftOut).toHaveLength(1);
    expect(leftOut[0]).toMatch(/no text was given; give one with --text/);
  });
});

test('a positional copier falls at its distance alone, and no head follows: no cause to ask for', () => {
  const copier = handBuiltPositionalCopier(engine, { ...sizes, period: 25 });
  const { behaviour, attention, cause, sentence } = languageAudit(copier, { tokens, sequences: 4 });
  expect(behaviour.repeats[0]!.fall.value).toBeGreaterThan(0.9);
  expect(behaviour.repeats[1]!.fall.value).toBeLessThan(0.3);
  expect(attention.answer).toBe('no');
  expect(cause).toMatchObject({ answer: 'not asked', off: null, lost: null });
  expect(cause.says).toMatch(/no head that follows/);
  expect(sentence).toMatch(/no head follows it: it comes about in another way/);
});

test('stories260K: no, no, and nothing to ask', async () => {
  const stories = await loadModel(STORIES, { bos: 1 });
  const { behaviour, attention, cause, sentence } = languageAudit(stories, { tokens: STORY_PIECES, sequences: 4 });
  expect([behaviour.answer, attention.answer, cause.answer]).toEqual(['no', 'no', 'not asked']);
  expect(behaviour.repeats.map(({ period, start }) => `${period} ${start}`)).toEqual([
    '25 0',
    '12 0',
    '50 0',
    '25 16',
    '25 64',
  ]);
  expect(attention.next[0]!.mean).toBeLessThan(0.05);
  expect(cause.says).toMatch(/no fall of the loss to lose/);
  expect(sentence).toMatch(/^No induction/);
});

describe('natural text', () => {
  test('costs what the model’s runs say, and the score is late minus early', () => {
    const found = inContext(model, text);
    expect(found).toMatchObject({ early: 5, late: 51, sequences: 2, length: 52 });
    const { lossPerPosition } = model.run([text.slice(0, 52), text.slice(52, 104)]);
    const [a, b] = [lossPerPosition.slice(0, 51), lossPerPosition.slice(51)];
    expect(found.score.value).toBeCloseTo(mean([a[50]! - a[4]!, b[50]! - b[4]!]), 5);
    expect(found.loss.value).toBeCloseTo(mean([mean(a), mean(b)]), 5);
    expect(found.lossByPosition[7]).toBeCloseTo((a[7]! + b[7]!) / 2, 5);
    expect(found.texts[1]!.losses[0]).toBeNull();
    expect(found.texts[1]!.tokens).toEqual(text.slice(52, 104));
  });

  test('pieces are said twice, behind another one in the control', () => {
    const { repeat, control, place } = repeatSnippets(model.config, text, 3);
    expect(place).toEqual({ start: 0, period: 25, length: 50 });
    repeat.forEach((row, i) => {
      expect(row.slice(25)).toEqual(row.slice(0, 25));
      expect(control[i]!.slice(25)).toEqual(row.slice(25));
      expect(control[i]!.slice(0, 25)).not.toEqual(row.slice(0, 25));
    });
    expect([...repeat[0]!.slice(0, 25)]).toEqual(text.slice(0, 25));
  });

  test('too little of it is refused', () => {
    expect(() => languageAudit(model, { tokens, text: [1, 2, 3] })).toThrow(
      /has 3 tokens and the context 52, too few to say a piece of it twice/,
    );
    expect(() => inContext(model, text.slice(0, 19))).toThrow(
      /has 19 tokens, and a score in context takes at least 20/,
    );
    expect(() => languageAudit(model, { tokens: [1, 2, 3], sequences: 2 })).toThrow(
      /holds no two blocks of three that differ/,
    );
  });
});

describe('screening', () => {
  const record = screenHeads(handBuiltInduction(referenceEngine, { dVocab: 23, nCtx: 22 }), {
    tokens: Array.from({ length: 23 }, (_, token) => token),
    period: 7,
    sequences: 4,
    candidates: 3,
  });

  test('finds both heads of the circuit, which keeps all and without which all is lost', () => {
    expect(
      record.candidates
        .slice(0, 2)
        .map(({ label }) => label)
        .sort(),
    ).toEqual(['L0H0', 'L1H0']);
    const whole = record.circuits.find(({ heads }) => heads.length === 2)!;
    expect(whole.kept.value).toBeCloseTo(1, 5);
    expect(whole.lost.value).toBeCloseTo(1, 5);
    const alone = record.circuits.find(({ heads }) => heads.length === 1)!;
    expect(alone.kept.value).toBeLessThan(0.5);
    for (const { kept, lost } of record.random) {
      expect(kept).toBeLessThan(0.1);
      expect(lost).toBeLessThan(0.1);
    }
  });

  test('says what it did not search', () => {
    expect(record.notSearched).toEqual([
      expect.stringMatching(/^1 heads, whose ablation would change the loss by at most 0.000 nats by first order/),
      'edges between heads',
      'MLPs, which always stay as they are',
    ]);
    expect(record.lossWithoutHeads.value).toBeGreaterThan(record.loss.value + 2);
  });
});
