// From outside: a detector of one's own, "attends to the token before the previous copy", which gets chance, control and
// interval like the built-in scores; and every answer that cannot be meant, in one sentence.
import { describe, expect, test } from 'vitest';
import { ArgumentError, type Detector, handBuiltInduction, headScores, Model, referenceEngine } from '../src/node.ts';

/** The key before the last earlier copy of the query's token. */
const beforeCopy: Detector = {
  name: 'before the copy',
  keys: (tokens, query) => {
    const copy = Array.from(tokens).lastIndexOf(tokens[query]!, query - 1);
    return query > 0 && copy > 0 ? [copy - 1] : [];
  },
};
/** What the built-in duplicate-token and stripe scores look at, written anew. */
const copies: Detector = {
  name: 'copies',
  keys: (tokens, query) =>
    Array.from(tokens).flatMap((token, key) => (key < query && token === tokens[query] ? [key] : [])),
};
const afterCopy: Detector = {
  name: 'after',
  keys: (tokens, query) => copies.keys(tokens, query).map((key) => key + 1),
};
const back = (distance: number): Detector => ({
  name: `${distance} back`,
  on: 'control',
  keys: (_, query) => (query >= distance ? [query - distance] : []),
});

const [V, NCTX] = [17, 16];
const P = NCTX / 2;
const options = { sequences: 3, seed: 5 };

/** One head that looks P + 1 back wherever it can, by position alone: before the copy on two copies of P tokens. */
function looksBack(distance: number): Model {
  const sizes = { nLayers: 1, nHeads: 1, dModel: NCTX, dHead: NCTX, nCtx: NCTX, dVocab: V };
  const model = new Model(referenceEngine, { ...sizes, positions: 'shortformer', normalization: null, attnScale: 1 });
  const identity = (at: (row: number) => number, size: number): number[] =>
    Array.from({ length: NCTX * NCTX }, (_, i) => (at(Math.floor(i / NCTX)) === i % NCTX ? size : 0));
  model.setWeights({
    'pos_embed.W_pos': { shape: [NCTX, NCTX], data: identity((row) => row, 1) },
    'blocks.0.attn.W_Q': { shape: [1, NCTX, NCTX], data: identity((row) => row - distance, 200) },
    'blocks.0.attn.W_K': { shape: [1, NCTX, NCTX], data: identity((row) => row, 1) },
  });
  return model;
}

describe('a detector of one’s own', () => {
  test('scores what the head does, its chance is that of uniform attention, and its control tells position from content', () => {
    const record = headScores(looksBack(P + 1), { ...options, detectors: [beforeCopy] });
    // Queries P + 1 … 2P − 2 have a token before their copy, at q − P − 1; uniform attention gives 1/(q + 1).
    const queries = Array.from({ length: P - 2 }, (_, i) => P + 1 + i);
    const chance = queries.reduce((sum, q) => sum + 1 / (q + 1), 0) / queries.length;
    expect(record.detectors).toEqual([{ name: 'before the copy', on: 'repeat', chance: expect.closeTo(chance, 12) }]);
    const { score, control } = record.heads[0]!.detectors!['before the copy']!;
    expect(score).toEqual({
      value: expect.closeTo(1, 9),
      interval: [expect.closeTo(1, 9), expect.closeTo(1, 9)],
      n: 3,
    });
    expect(control!.value).toBeCloseTo(1, 9); // it looks there by position, so also where nothing repeats
    expect(control!.n).toBe(3);
  });

  test('is near nothing where the head does something else, and what goes by content is lost on the control', () => {
    const model = handBuiltInduction(referenceEngine, { dVocab: V, nCtx: NCTX });
    const { heads } = headScores(model, { ...options, detectors: [beforeCopy, afterCopy] });
    const induction = heads.find(({ label }) => label === 'L1H0')!.detectors!;
    expect(induction['before the copy']!.score.value).toBeCloseTo(0, 9);
    expect(induction.after!.score.value).toBeCloseTo(1, 9);
    expect(induction.after!.control!.value).toBeLessThan(0.2);
  });

  test('the built-in scores written anew have their numbers, to the last bit, and change none of them', () => {
    const model = handBuiltInduction(referenceEngine, { dVocab: V, nCtx: NCTX });
    const plain = headScores(model, options);
    const { detectors, ...record } = headScores(model, { ...options, detectors: [copies, afterCopy, back(1)] });
    record.heads.forEach(({ detectors: own, ...head }, i) => {
      expect(head).toEqual(plain.heads[i]);
      expect(own!.copies!.score).toEqual(head.duplicateToken);
      expect(own!.after!.score).toEqual(head.inductionByContent);
      expect(own!.after!.control).toEqual(head.inductionStripeControl);
      expect(own!['1 back']).toEqual({ score: head.previousToken, control: null });
    });
    expect({ ...record, heads: plain.heads }).toEqual(plain);
    expect(detectors!.map(({ chance }) => chance)).toEqual([
      plain.chance.duplicateToken,
      plain.chance.inductionByContent,
      expect.closeTo(plain.chance.previousToken, 12),
    ]);
    expect(plain).not.toHaveProperty('detectors');
    expect(plain.heads[0]).not.toHaveProperty('detectors');
  });

  test('may count queries that have no key: they score nothing, and lower the chance', () => {
    const every: Detector = { ...beforeCopy, counts: () => true };
    const record = headScores(looksBack(P + 1), { ...options, detectors: [every] });
    expect(record.heads[0]!.detectors!['before the copy']!.score.value).toBeCloseTo((P - 2) / (2 * P - 1), 9);
    const only: Detector = { ...beforeCopy, counts: (_, query) => query === P + 2 };
    expect(headScores(looksBack(P + 1), { ...options, detectors: [only] }).detectors![0]!.chance).toBeCloseTo(
      1 / (P + 3),
      12,
    );
  });

  test('where tokens come twice by chance the control leaves out the cells where content may act', () => {
    const model = handBuiltInduction(referenceEngine, { dVocab: 8, nCtx: NCTX });
    const { heads } = headScores(model, { sequences: 24, seed: 1, detectors: [afterCopy] });
    for (const head of heads) expect(head.detectors!.after!.control).toEqual(head.inductionStripeControl);
  });
});

describe('an answer that cannot be meant', () => {
  const model = looksBack(2);
  const refused = (detector: unknown): string => {
    try {
      headScores(model, { ...options, detectors: [detector as Detector] });
    } catch (error) {
      expect(error).toBeInstanceOf(ArgumentError);
      return (error as Error).message;
    }
    return 'accepted';
  };
  const giving = (answer: unknown): Detector => ({
    name: 'mine',
    keys: (tokens, query) => (query === 3 && tokens[0] !== undefined ? answer : [0]) as number[],
  });
  const ending = 'at query 3 of sequence 0; it must give keys from 0 to the query, 3, each once, or none.';
  test.for<[unknown, string]>([
    [[4], 'looks into the future, at key 4,'],
    [[0, 99], 'looks into the future, at key 99,'],
    [[-1], 'looks at key -1, before the sequence,'],
    [[Number.NaN], 'gives NaN as a key'],
    [[1.5], 'gives 1.5 as a key'],
    [[2, 2], 'names key 2 twice'],
    [2, 'gives 2, no array of keys,'],
    [undefined, 'gives undefined, no array of keys,'],
  ])('%j', ([answer, what]) => {
    expect(refused(giving(answer))).toBe(`headScores: the detector "mine" ${what} ${ending}`);
  });

  test('a detector that throws, says nothing with counts(), or counts no query', () => {
    const throwing: Detector = {
      name: 'mine',
      keys: (_, query) => (query === 3 ? (null as unknown as number[][])[0]! : []),
    };
    expect(refused(throwing)).toMatch(
      /^headScores: the detector "mine" threw "Cannot read.*" at query 3 of sequence 0;/,
    );
    expect(refused({ name: 'mine', keys: () => [], counts: () => 1 })).toMatch(
      /says with counts\(\) 1, neither true nor false, at query 0/,
    );
    expect(refused({ name: 'mine', keys: () => [] })).toBe(
      'headScores: the detector "mine" counts no query of the 3 sequences of the kind "repeat", so there is nothing to measure; look at its keys, or at `on`.',
    );
  });

  test('what is no detector', () => {
    expect(refused({ keys: () => [] })).toMatch(
      /^headScores: options\.detectors\.0\.name is missing; it must be a name/,
    );
    expect(refused({ name: ' ', keys: () => [] })).toMatch(
      /detectors\.0\.name must be a name of 1 to 40 characters, got " "/,
    );
    expect(refused({ name: 'a', keys: [1] })).toMatch(/detectors\.0\.keys must be a function/);
    expect(refused({ name: 'a', keys: () => [], on: 'prefix' })).toMatch(
      /detectors\.0\.on must be .*"fourfold", got "prefix"/,
    );
    expect(refused({ name: 'a', keys: () => [], chance: 1 })).toMatch(/detectors\.0.*chance/);
    const two = () => headScores(model, { ...options, detectors: [beforeCopy, beforeCopy] });
    expect(two).toThrow('headScores: two detectors are called "before the copy"; give each a name of its own.');
  });
});
