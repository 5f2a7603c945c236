// The map: its cells, their sequences, what is solved and by what, and where a circuit's limits are.
import { describe, expect, test } from 'vitest';
import { scaledLogits } from '../../../test/support/changedModels.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { crossEntropy } from '../../model/measures/crossEntropy.ts';
import { loadEngine } from '../../node.ts';
import { cellSequence, sequencesOf } from './cellSequences.ts';
import { allDiffer, cellAt, countCells, endOf, mapSpace, queriesOf } from './cells.ts';
import { between, firstGrid } from './grid.ts';
import { measureMap } from './inductionMap.ts';
import { limitsOf } from './limits.ts';
import { AS_IS, addLosses, bestFactor, FACTORS } from './temperature.ts';
import { untrainedTokens } from './untrainedTokens.ts';

const engine = await loadEngine({ exact: true });
const config = (dVocab: number, nCtx: number) => handBuiltInduction(engine, { dVocab, nCtx }).config;

describe('cells', () => {
  test('copy min(d, 8, T − s − d) tokens, and have a query for each but the last', () => {
    const space = mapSpace(config(64, 50));
    expect(cellAt(space, 0, 5)!.length).toBe(5);
    expect(cellAt(space, 3, 20)!.length).toBe(8);
    expect(cellAt(space, 20, 25)!.length).toBe(5);
    expect(cellAt(space, 0, 48)!.length).toBe(2);
    expect(cellAt(space, 0, 49)).toBeNull();
    expect(cellAt(space, 0, 1)).toBeNull();
    expect(queriesOf(cellAt(space, 3, 20)!)).toEqual([23, 24, 25, 26, 27, 28, 29]);
  });

  test.for([
    [64, 50],
    [8, 24],
    [3, 28],
  ] as const)('of %i tokens in a context of %i: what is asked for stands once before', ([V, T]) => {
    const space = mapSpace({ ...config(V, T), ...(V > 3 ? { opening: [V - 1], untrained: [1] } : {}) });
    for (const cell of firstGrid(space, 60))
      for (let index = 0; index < 3; index++) {
        const tokens = cellSequence(space, cell, { seed: 5, index, total: T });
        const behind = space.prefix.length;
        expect([...tokens.subarray(0, behind)]).toEqual(space.prefix);
        expect([...tokens.subarray(behind)].every((t) => space.tokens.includes(t))).toBe(true);
        for (const query of queriesOf(cell)) {
          const earlier = [...tokens.subarray(0, query)];
          expect(earlier.filter((t) => t === tokens[query])).toHaveLength(1);
          expect(tokens[query - cell.distance]).toBe(tokens[query]);
          expect(tokens[query - cell.distance + 1]).toBe(tokens[query + 1]);
        }
        if (allDiffer(space, cell)) {
          const before = tokens.subarray(behind, cell.start + cell.distance);
          expect(new Set(before).size).toBe(before.length);
        }
      }
  });

  test('of one query have more sequences, and none lies beyond the context', () => {
    const space = mapSpace(config(30, 28));
    expect(sequencesOf(cellAt(space, 0, 2)!, 16)).toBe(48);
    expect(sequencesOf(cellAt(space, 0, 8)!, 16)).toBe(16);
    for (const most of [20, 60, 1000]) {
      const cells = firstGrid(space, most);
      expect(cells.every((cell) => endOf(cell) <= 28)).toBe(true);
      expect(new Set(cells.map(({ start, distance }) => `${start} ${distance}`)).size).toBe(cells.length);
    }
    expect(firstGrid(space, 1000)).toHaveLength(countCells(space));
  });

  test('are added halfway between neighbours that differ', () => {
    const space = mapSpace(config(30, 28));
    const measured = [2, 6, 10].map((distance) => ({ ...cellAt(space, 0, distance)!, solved: distance > 5 }));
    const more = between(space, measured, { differ: (a, b) => a.solved !== b.solved, most: 9 });
    expect(more).toEqual([cellAt(space, 0, 4)]);
  });
});

describe('temperature', () => {
  test('losses at every factor are those of logits multiplied by it', () => {
    const logits = Float64Array.from([0.3, -2, 5, 1.7, 4.9]);
    const to = new Float64Array(FACTORS.length);
    addLosses(logits, 4, { share: 1, to });
    FACTORS.forEach((factor, f) => {
      expect(to[f]).toBeCloseTo(
        crossEntropy(
          logits.map((x) => x * factor),
          4,
        ),
        9,
      );
    });
  });

  test('stays as it is unless another one is better by more than the slack', () => {
    const losses = FACTORS.map((_, f) => 1 + 0.1 * Math.abs(f - (AS_IS + 2)));
    expect(bestFactor(losses, 0.25)).toBe(AS_IS);
    expect(bestFactor(losses, 0.15)).toBe(AS_IS + 1);
  });

  test('changes no answer', () => {
    const model = handBuiltInduction(engine, { dVocab: 20, nCtx: 20 });
    const map = measureMap(scaledLogits(model, 0.1), model.config, { sequences: 4, seed: 0 });
    expect(FACTORS[map.factor]).toBeGreaterThan(1);
    expect(map.cells.every(({ solution }) => solution === 'by content')).toBe(true);
  });
});

describe('what is solved', () => {
  test('by an induction circuit: every place, by content, without limits', () => {
    const model = handBuiltInduction(engine, { dVocab: 24, nCtx: 22 });
    const map = measureMap(model, model.config, { sequences: 4, seed: 0 });
    expect(map.cells.every(({ solution }) => solution === 'by content')).toBe(true);
    expect(limitsOf(map)).toEqual({ limits: [], share: 1 });
  });

  test.for([3, 9, 19, 20])('by a copier of period %i: its line, by position', (period) => {
    const model = handBuiltPositionalCopier(engine, { dVocab: 24, nCtx: 22, period });
    const { cells } = measureMap(model, model.config, { sequences: 4, seed: 0 });
    for (const { distance, solution } of cells) {
      if (distance === period) expect(solution).toBe('by position');
      else expect(solution).toBe('not solved');
    }
    expect(cells.some(({ distance }) => distance === period)).toBe(true);
  });
});

test('tokens whose embedding and unembedding stand out are untrained; in a model of its usual spread none is', () => {
  const model = scaledLogits(handBuiltInduction(engine, { dVocab: 30, nCtx: 8 }), 1);
  expect(untrainedTokens(model)).toEqual([]);
  const { 'embed.W_E': E, 'unembed.W_U': U } = model.getWeights();
  const [d, V] = [model.config.dModel, 30];
  const outside = (token: number): boolean => token === 4 || token === 17;
  model.setWeights({
    'embed.W_E': { ...E!, data: Array.from(E!.data, (x, i) => (outside(Math.floor(i / d)) ? 0.4 * x : x)) },
    'unembed.W_U': { ...U!, data: Array.from(U!.data, (x, i) => (outside(i % V) ? 1.5 * x : x)) },
  });
  expect(untrainedTokens(model)).toEqual([4, 17]);
});
