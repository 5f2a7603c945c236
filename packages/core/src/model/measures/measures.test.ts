// Measures by name: what they say, and what is refused: in one sentence that names sequence and query.
import { describe, expect, test } from 'vitest';
import { randomModel, randomTokens } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { MEASURE_NAMES, MEASURES } from './builtInMeasures.ts';
import type { Measure } from './measure.ts';

const SIZES = { nLayers: 2, nHeads: 2, dModel: 6, dHead: 3, nCtx: 9, dVocab: 13 };
const model = randomModel(referenceEngine, SIZES);
const tokens = randomTokens({ sequences: 2, length: 8 }, SIZES.dVocab);
/** As plain JavaScript calls it. */
const untyped = (value: unknown): never => value as never;

describe('a measure by name', () => {
  const { logits, lossPerPosition } = model.run(tokens);
  const logit = (s: number, query: number, token: number): number => logits[(s * 8 + query) * 13 + token]!;
  const answers = [[tokens[0]![3]!, 4], [7]];
  const asked = { queries: [[2, 7], [5]], answers, wrong: [[1, 0], [12]] };

  test('loss is that of the run, by default over all queries with a next token', () => {
    const ofRun = [0, 1].map((s) => Array.from(lossPerPosition.subarray(s * 7, s * 7 + 7)));
    const mean = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
    const losses = model.measure(tokens, { measure: 'loss' });
    ofRun.forEach((all, s) => void expect(losses[s]).toBeCloseTo(mean(all), 12));
    const some = model.measure(tokens, { measure: 'loss', queries: [2, 5] });
    ofRun.forEach((all, s) => void expect(some[s]).toBeCloseTo(mean(all.slice(2, 5)), 12));
  });

  test('logit-diff is the mean of logit(answer) − logit(wrong), probability that of p(answer)', () => {
    const [first, second] = model.measure(tokens, { ...asked, measure: 'logit-diff' });
    const at = [logit(0, 2, answers[0]![0]!) - logit(0, 2, 1), logit(0, 7, 4) - logit(0, 7, 0)];
    expect(first).toBeCloseTo((at[0]! + at[1]!) / 2, 12);
    expect(second).toBeCloseTo(logit(1, 5, 7) - logit(1, 5, 12), 12);
    const probability = model.measure(tokens, { ...asked, measure: 'probability' });
    const loss = model.measure(tokens, { ...asked, measure: 'loss' });
    expect(probability[1]).toBeCloseTo(Math.exp(-loss[1]!), 12); // one query, so no mean in between
  });

  test.for(MEASURE_NAMES)('%s has the gradient of its finite differences', (name) => {
    const measure = MEASURES[name];
    const values = Float64Array.from(logits.subarray(0, 8 * 13));
    const sequence = { dVocab: 13, tokens: tokens[0]!, queries: [2, 7], answers: answers[0]!, wrong: [1, 0] };
    const gradient = measure.gradient({ ...sequence, logits: values });
    for (let i = 0; i < values.length; i++) {
      const at = (step: number): number =>
        measure.value({ ...sequence, logits: values.map((x, j) => x + (i === j ? step : 0)) });
      expect(gradient[i]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 8);
    }
  });
});

describe('is refused', () => {
  const asked = { queries: [[3], [5, 7]], answers: [[1], [2, 3]], wrong: [[2], [4, 5]], measure: 'logit-diff' };
  test.each([
    [{ queries: [[3], [5, 8]] }, 'sequence 1 has no query 8; its positions are whole numbers from 0 to 7.'],
    [{ queries: [[3], [5, -1]] }, 'sequence 1 has no query -1; its positions are whole numbers from 0 to 7.'],
    [{ queries: [['3'], [5, 7]] }, 'sequence 0 has no query "3"; its positions are whole numbers from 0 to 7.'],
    [{ queries: [[3], [5, 5]] }, 'sequence 1 names query 5 twice; name it once.'],
    [{ queries: [[3], []] }, 'sequence 1 has no query, so there is nothing to measure; name one.'],
    [{ queries: [[3]] }, 'queries has lists for 1 sequences, there are 2; give one for each.'],
    [{ queries: [3, 9] }, 'queries [3,9] must lie within [0, 8), where a sequence has tokens.'],
    [{ queries: 3 }, 'queries must be an array with a list for each sequence, such as [[3], [1]], got 3.'],
    [
      { answers: [[1], [2, 13]] },
      'answers of sequence 1 has token 13 at query 7; tokens are whole numbers from 0 to 12.',
    ],
    [
      { wrong: [[0.5], [2, 3]] },
      'wrong of sequence 0 has token 0.5 at query 3; tokens are whole numbers from 0 to 12.',
    ],
    [{ answers: [[1], [2]] }, 'answers of sequence 1 must be a token for each of its queries 5, 7, 2 in all, got 1.'],
    [{ wrong: [[1], 2] }, 'wrong of sequence 1 must be a token for each of its queries 5, 7, 2 in all, got 2.'],
    [{ wrong: [[1]] }, 'wrong has lists for 1 sequences, there are 2; give one for each.'],
    [{ answers: 5 }, 'answers must be an array with a list for each sequence, such as [[3], [1]], got 5.'],
    [
      { wrong: undefined },
      'the measure "logit-diff" compares two answers; give `wrong`, by sequence a token for each query.',
    ],
    [{ answers: undefined }, 'sequence 1 has no next token at query 7; give `answers`, or leave this query out.'],
    [{ measure: 'logit-dif' }, 'there is no measure "logit-dif"; the nearest are "logit-diff", "loss", "probability".'],
    [{ measure: { name: 'mine', unit: 'nats' } }, 'measure.value is missing; it must be a function.'],
    [{ answer: [[1]] }, 'options has an unknown field "answer"; the nearest known one is "answers".'],
  ])('%j', (change, sentence) => {
    expect(() => model.measure(tokens, untyped({ ...asked, ...change }))).toThrow(`measure: ${sentence}`);
  });

  const mine = (own: Partial<Measure>): Measure => ({
    ...{ name: 'mine', unit: 'nats', value: () => 1, gradient: ({ logits }) => new Float64Array(logits.length) },
    ...own,
  });
  const queries = [[3], [5, 7]];

  test('a measure that gives no finite number, with the sequence and its queries', () => {
    const measure = mine({ value: ({ queries: own }) => (own.length === 2 ? Number.NaN : 1) });
    for (const call of ['measure', 'runWithGradients'] as const)
      expect(() => model[call](tokens, { measure, queries })).toThrow(
        `${call}: the measure "mine" must be a finite number, and is NaN for sequence 1, queries 5, 7.`,
      );
  });

  test('a gradient of another length, with numbers that are none, or none at all', () => {
    const call = (measure: Measure) => () => model.runWithGradients(tokens, { measure, queries });
    expect(call(mine({ gradient: () => new Float64Array(13) }))).toThrow(
      'runWithGradients: the measure "mine" must have a gradient of 104 numbers, [pos, dVocab], and gives 13 for sequence 0, query 3.',
    );
    expect(call(mine({ gradient: () => untyped(undefined) }))).toThrow(
      /and gives undefined for sequence 0, query 3\.$/,
    );
    const infinite = ({ logits }: { logits: ArrayLike<number> }): number[] =>
      Array.from(logits, (_, i) => (i === 30 ? Number.POSITIVE_INFINITY : 0));
    expect(call(mine({ gradient: infinite }))).toThrow(
      'runWithGradients: the measure "mine" has a gradient of Infinity at position 2 for sequence 0, query 3.',
    );
    const { gradient: _, ...without } = mine({});
    expect(call(without)).toThrow(/^runWithGradients: the measure "mine" has no `gradient`, which gradients need/);
    expect([...model.measure(tokens, { measure: without })]).toEqual([1, 1]);
  });

  test('and the model is as good as before', () => {
    const want = model.runWithGradients(tokens).gradients;
    const throwing = mine({
      gradient: () => {
        throw new Error('mine');
      },
    });
    expect(() => model.runWithGradients(tokens, { measure: throwing })).toThrow('mine');
    expect(model.runWithGradients(tokens).gradients).toEqual(want);
  });
});
