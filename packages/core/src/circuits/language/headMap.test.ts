// The map of heads: of models whose heads are written by hand, and of a real one without induction.
import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { STORIES, STORY_PIECES, storyScores } from '../../../test/support/stories.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { loadModel, loadTokenizer } from '../../node.ts';
import { contentScore } from '../attention/contentScore.ts';
import { currentTokenScore, previousTokenScore } from '../attention/fixedKeyScores.ts';
import { inductionStripe } from '../attention/inductionStripe.ts';
import { runPatterns } from '../data/patternRuns.ts';
import { mean } from '../statistics/estimate.ts';
import { drawFourfold, drawRepeats, usualPeriod } from './drawRepeats.ts';
import { headMap } from './headMap.ts';
import { drawnTokens } from './vocabulary.ts';

const sizes = { dVocab: 31, nCtx: 34 };
const all = Array.from({ length: 31 }, (_, token) => token);
const stories = await loadModel(STORIES);
const bos = { ...stories.config, bos: 1 };
const tokenizer = await loadTokenizer(STORIES);

describe('of heads that are known', () => {
  test('the induction head and the previous-token head are marked, and nothing else', () => {
    const record = headMap(handBuiltInduction(referenceEngine, sizes), { tokens: all, period: 7, sequences: 3 });
    expect(record.marked).toEqual({ induction: ['L1H0'], 'previous-token': ['L0H0'], 'duplicate-token': [] });
    const [previous, , induction] = record.heads;
    expect(previous!.previousToken.value).toBeCloseTo(1, 5);
    // Where nothing matches it attends to all alike.
    expect(induction!.inductionExcess.value).toBeGreaterThan(0.85);
    expect(induction!.prefixMatching.value).toBeGreaterThan(0.9);
    expect(record.losses.fall.value).toBeGreaterThan(0.9);
    expect(record.losses.control.value).toBeGreaterThan(record.losses.repeat.value + 3);
  });

  test('a detector of one’s own is scored beside them, with its control', () => {
    const second = { name: 'second', keys: (_: ArrayLike<number>, query: number) => (query > 1 ? [1] : []) };
    const { heads, detectors } = headMap(handBuiltInduction(referenceEngine, sizes), {
      ...{ tokens: all, period: 7, sequences: 2, detectors: [second] },
    });
    expect(detectors).toMatchObject([{ name: 'second', on: 'repeat' }]);
    // The previous-token head looks at position 1 from query 2 alone, of the eleven queries 2 … 12.
    expect(heads[0]!.detectors!.second!.score.value).toBeCloseTo(1 / 11, 5);
    expect(heads[0]!.detectors!.second!.control!.value).toBeCloseTo(1 / 11, 5);
    expect(Object.keys(heads[0]!.detectors!)).toEqual(['second']);
  });

  test('a head that copies from a fixed distance has the stripe, and no excess', () => {
    const copier = handBuiltPositionalCopier(referenceEngine, { ...sizes, period: 7 });
    const { heads, marked, losses } = headMap(copier, { tokens: all, period: 7, sequences: 3 });
    const stripe = Math.max(...heads.map(({ inductionStripe: { value } }) => value));
    expect(stripe).toBeGreaterThan(0.9);
    for (const { inductionExcess } of heads) expect(Math.abs(inductionExcess.value)).toBeLessThan(1e-5);
    expect(marked.induction).toEqual([]);
    // It copies whatever stands there: the control has other tokens there, and is lost.
    expect(losses.repeat.value).toBeLessThan(losses.control.value);
  });

  test('chance is what uniform attention scores, and all but the first counts of a sequence are drawn apart', () => {
    const { chance } = headMap(
      randomModel(referenceEngine, { nLayers: 1, nHeads: 2, dModel: 7, dHead: 3, nCtx: 60, dVocab: 53 }),
      {
        tokens: Array.from({ length: 53 }, (_, t) => t),
        period: 13,
        sequences: 2,
      },
    );
    // Queries 13 … 24 of 26 tokens: the mean of 1 / (q + 1).
    expect(chance.inductionStripe).toBeCloseTo(mean(Array.from({ length: 12 }, (_, i) => 1 / (14 + i))), 10);
    expect(chance.inductionExcess).toBe(0);
  });
});

describe('stories260K, which has previous-token heads and no induction', () => {
  test('on the reference’s tokens every head scores what it scores there', () => {
    const { tokens, nonrepeating, heads, lossPerRepeat } = storyScores();
    const scored = new Map(
      Object.keys(heads).map((label) => [
        label,
        { previousToken: 0, currentToken: 0, stripe: 0, content: 0, stripeControl: 0 },
      ]),
    );
    const place = { start: 1, period: 25, length: 101 };
    const add = (rows: number[][], kind: 'repeat' | 'fresh'): Float64Array[] =>
      runPatterns(stories, rows, {
        visit: ({ sequence, head, attention }) => {
          const found = scored.get(`L${Math.floor(head / 8)}H${head % 8}`)!;
          const share = 1 / rows.length;
          // The reference counts the last position too, and the stripe on all three repeats.
          if (kind === 'fresh') found.stripeControl += share * inductionStripe(attention, { ...place, length: 102 });
          else {
            found.previousToken += share * previousTokenScore(attention, 101, 0);
            found.currentToken += share * currentTokenScore(attention, 101);
            found.stripe += share * inductionStripe(attention, { ...place, length: 102 });
            found.content += share * contentScore(attention, [...rows[sequence]!, -1], 1);
          }
        },
      });
    const losses = add(tokens, 'repeat');
    add(nonrepeating, 'fresh');
    for (const [label, reference] of Object.entries(heads)) {
      const found = scored.get(label)!;
      expect(found.previousToken, label).toBeCloseTo(reference.previousToken, 3);
      expect(found.stripe, label).toBeCloseTo(reference.stripe, 3);
      expect(found.stripeControl, label).toBeCloseTo(reference.stripeControl, 3);
    }
    const first = mean(losses.map((row) => mean(row.subarray(0, 25))));
    expect(first).toBeCloseTo(lossPerRepeat[0]!, 3);
  });

  test('on tokens of its own the same heads look back, and none is an induction head', async () => {
    const model = await loadModel(STORIES, { bos: 1 });
    const { tokens, leftOut } = drawnTokens(model, { kinds: tokenizer });
    expect(tokens).toEqual(STORY_PIECES);
    expect(leftOut).toEqual({ notText: 259, untrained: 0, notAsked: 0 });
    const { marked, heads, losses } = headMap(model, { tokens, sequences: 12 });
    expect(marked.induction).toEqual([]);
    expect(marked['duplicate-token']).toEqual([]);
    expect(marked['previous-token'].slice(0, 2)).toEqual(['L3H6', 'L1H3']);
    const best = heads.reduce((a, b) => (b.inductionExcess.value > a.inductionExcess.value ? b : a));
    expect(best.inductionExcess.value).toBeLessThan(0.05);
    expect(losses.fall.value).toBeLessThan(0.1);
  });
});

describe('the sequences', () => {
  const draw = { config: bos, tokens: STORY_PIECES, count: 5, seed: 3, period: 11 };
  test('repeat behind the start token and a prefix; the control asks for the same tokens without having shown them', () => {
    const { repeat, control, place } = drawRepeats({ ...draw, start: 6 });
    expect(place).toEqual({ start: 7, period: 11, length: 29 });
    repeat.forEach((tokens, s) => {
      expect(tokens[0]).toBe(1);
      const [prefix, first, second] = [tokens.slice(1, 7), tokens.slice(7, 18), tokens.slice(18)];
      expect(second).toEqual(first);
      expect(control[s]!.slice(18)).toEqual(second);
      expect(control[s]!.slice(1, 7)).toEqual(prefix);
      expect(new Set(control[s]).size).toBe(29); // start token, prefix, two blocks: all different
      for (const token of tokens.slice(1)) expect(token).toBeGreaterThanOrEqual(259);
    });
    expect(drawRepeats({ ...draw, start: 6 })).toEqual(drawRepeats({ ...draw, start: 6 }));
    expect(drawRepeats({ ...draw, seed: 4 }).repeat).not.toEqual(drawRepeats(draw).repeat);
  });

  test('four copies of a block, and a period that fits', () => {
    for (const tokens of drawFourfold(draw)) {
      expect(tokens).toHaveLength(45);
      expect(tokens.slice(1, 34)).toEqual(tokens.slice(12));
    }
    expect(usualPeriod(bos, STORY_PIECES, 4)).toBe(25);
    expect(usualPeriod({ ...bos, nCtx: 41 }, STORY_PIECES, 4)).toBe(10);
    expect(usualPeriod(bos, STORY_PIECES.slice(0, 9), 2)).toBe(4);
  });

  test('what does not fit is refused in a sentence', () => {
    expect(() => drawRepeats({ ...draw, period: 300 })).toThrow(
      /2 copies of a block of 300 take 601 tokens, and the context has 512/,
    );
    expect(() => drawRepeats({ ...draw, tokens: [5, 6, 7], period: 2 })).toThrow(
      /4 different tokens are needed for a period of 2, and 3 can be drawn/,
    );
    expect(() => headMap(stories, { tokens: [1] })).toThrow(/tokens must be at least 2 entries long/);
    expect(() => headMap(stories, { tokens: [1, 2], priod: 3 } as never)).toThrow(
      /unknown field "priod"; the nearest known one is "period"/,
    );
    expect(() => drawnTokens(stories, { asked: [1, 512] })).toThrow(
      /512 is no token of this model, which has 0 to 511/,
    );
    expect(() => drawnTokens(stories, { asked: [3] })).toThrow(/1 tokens are left to draw/);
  });

  test('tokens that were asked for are drawn, special or not, but for the start token', async () => {
    const model = await loadModel(STORIES, { bos: 1 });
    expect(drawnTokens(model, { kinds: tokenizer, asked: [0, 1, 5, 300] })).toEqual({
      tokens: [0, 5, 300],
      leftOut: { notText: 1, untrained: 0, notAsked: 508 },
    });
  });
});
