// Scattered pairs: what their sequences look like, and that a tiny model learns them.
import { describe, expect, test } from 'vitest';
import { loadEngine, parseExperiment, type StepRecord, startInline, train } from '../node.ts';
import { makeBatch } from './makeBatch.ts';
import type { ScatteredTask } from './scattered.ts';
import { taskSource } from './source.ts';
import { taskComplaint } from './tasks.ts';

const task: ScatteredTask = { kind: 'scattered', pairs: 3, distinct: true };
const batch = (options: object = {}) =>
  makeBatch({ task, seed: 5, step: 2, batch: 400, dVocab: 17, length: 19, ...options });

describe('a sequence of scattered pairs', () => {
  test('holds each pair twice, in slots that never overlap', () => {
    const { tokens, places } = batch();
    places.forEach(({ pairs }, s) => {
      const sequence = tokens[s]!;
      const slots = pairs.flat().sort((a, b) => a - b);
      expect(slots).toHaveLength(6);
      slots.forEach((slot, i) => void expect(slot).toBeGreaterThanOrEqual(i === 0 ? 0 : slots[i - 1]! + 2));
      expect(slots.at(-1)! + 1).toBeLessThan(19);
      for (const [first, copy] of pairs) {
        expect(first).toBeLessThan(copy);
        expect([sequence[copy], sequence[copy + 1]]).toEqual([sequence[first], sequence[first + 1]]);
      }
    });
  });

  test('has first tokens that stand nowhere else, so that content finds the one earlier copy', () => {
    const { tokens, places } = batch();
    places.forEach(({ pairs }, s) => {
      for (const [first, copy] of pairs) {
        const found = [...tokens[s]!].flatMap((token, t) => (token === tokens[s]![first] ? [t] : []));
        expect(found).toEqual([first, copy]);
      }
    });
    const { tokens: any } = batch({ task: { ...task, distinct: false } });
    expect(any).not.toEqual(tokens);
  });

  test('has its slots everywhere and its copies at all distances', () => {
    const pairs = batch({ batch: 3000 }).places.flatMap((place) => place.pairs);
    expect(new Set(pairs.flat()).size).toBe(18); // every position but the last
    const distances = new Set(pairs.map(([first, copy]) => copy - first));
    expect(distances.size).toBe(16); // 2 … 17
  });

  test('names the copies’ queries and the rest, which cover every query once', () => {
    const { segments, places } = batch();
    segments.forEach(({ repeat, rest }, s) => {
      expect(repeat!.map(([from]) => from)).toEqual(places[s]!.pairs.map(([, copy]) => copy).sort((a, b) => a - b));
      const queries = [...repeat!, ...rest!].flatMap(([from, to]) =>
        Array.from({ length: to - from }, (_, i) => from + i),
      );
      expect(queries.sort((a, b) => a - b)).toEqual(Array.from({ length: 18 }, (_, q) => q));
    });
  });

  test('is trained on the copies alone where only what can be predicted counts', () => {
    const source = taskSource({ task, seed: 5, dVocab: 17, length: 19, batch: 4, lossOn: 'predictable' });
    expect(source.counted(2)).toBe(12);
    const [tokens, targets] = [new Int32Array(19), new Int32Array(19)];
    const { segments } = source.fill(2, 1, tokens, targets);
    const trained = [...targets].flatMap((target, t) => (target >= 0 ? [t] : []));
    expect(trained).toEqual(segments[0]!.map(([from]) => from));
  });
});

test.each([
  [{ pairs: 5 }, /^task\.pairs \(5\) needs a context of at least 20, two tokens for each copy; model\.nCtx is 19\.$/],
  [
    { heldOutTokens: [17] },
    /^task\.heldOutTokens names 17, outside of the vocabulary \(0 to 16\); hold out tokens of that range/,
  ],
  [
    { heldOutTokens: Array.from({ length: 14 }, (_, i) => i) },
    /^task\.distinct needs 4 different tokens; model\.dVocab is 17 and 14 of them are held out\./,
  ],
])('%j is refused', (change, sentence) => {
  expect(taskComplaint({ ...task, ...change }, { dVocab: 17, length: 19 })).toMatch(sentence);
});

test('a tiny model learns to predict the copies, and nothing else', async () => {
  const experiment = parseExperiment({
    name: 'pairs',
    model: {
      nLayers: 2,
      nHeads: 2,
      dModel: 24,
      dHead: 12,
      nCtx: 17,
      dVocab: 12,
      positions: 'shortformer',
      normalization: 'LN',
    },
    task: { kind: 'scattered', pairs: 3 },
    training: { steps: 500, batch: 16, learningRate: 0.01, lossOn: 'predictable' },
  });
  const records: StepRecord[] = [];
  const engine = await loadEngine({ exact: true });
  await train({
    ...{ engine, experiment, seed: 1, threads: 1, startPool: startInline() },
    observer: { onStep: (record) => records.push(record) },
  });
  const mean = (from: number, name: string): number =>
    records.slice(from, from + 20).reduce((sum, { segments }) => sum + segments[name]! / 20, 0);
  expect(mean(0, 'repeat')).toBeGreaterThan(2);
  expect(mean(480, 'repeat')).toBeLessThan(1.2);
  expect(mean(480, 'rest')).toBeGreaterThan(2.2);
});
