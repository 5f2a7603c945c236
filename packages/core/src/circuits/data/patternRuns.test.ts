import { describe, expect, test } from 'vitest';
import { randomModel, randomTokens } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { NotFiniteError } from '../../errors/notFinite.ts';
import type { Intervention } from '../../model/interventions/interventions.ts';
import { loadEngine } from '../../node.ts';
import { runPatterns, showPatterns } from './patternRuns.ts';

const engine = await loadEngine();
const SIZES = { nLayers: 2, nHeads: 3, dModel: 5, dHead: 2, nCtx: 5, dVocab: 7 };
const model = randomModel(referenceEngine, SIZES);
const tokens = randomTokens({ sequences: 131, length: 5 }, SIZES.dVocab);
const resample: Intervention = { kind: 'resampleAblate', hook: 'blocks.0.attn.hook_z' };

describe('however many sequences there are', () => {
  test.for([1, 2, 5, 64, 65, 131])('%i: losses and patterns are those of one run, in order', (count) => {
    const some = tokens.slice(0, count);
    const { lossPerPosition, cache } = model.runWithCache(some);
    const pattern = cache.get('blocks.1.attn.hook_pattern').data;
    const seen = new Set<string>();
    const losses = runPatterns(model, some, {
      visit: ({ sequence, head, attention }) => {
        seen.add(`${sequence} ${head}`);
        if (head === 4) expect(attention(3, 2)).toBe(pattern[((sequence * 3 + 1) * 5 + 3) * 5 + 2]);
      },
    });
    expect(seen.size).toBe(count * 6);
    expect(losses.flatMap((l) => [...l])).toEqual([...lossPerPosition]);
  });

  test.for([2, 3, 64, 65, 129, 131])('%i: each has another one to be given the activations of', (count) => {
    const losses = runPatterns(model, tokens.slice(0, count), { interventions: [resample] });
    expect(losses).toHaveLength(count);
  });

  test('also when the context is so long that few fit', () => {
    const long = randomModel(engine, { ...SIZES, nLayers: 1, nHeads: 31, dHead: 1, nCtx: 401 });
    const two = randomTokens({ sequences: 2, length: 401 }, SIZES.dVocab);
    expect(runPatterns(long, two, { interventions: [resample] })).toHaveLength(2);
  });
});

test('a lone sequence has no other to be given the activations of, and says so', () => {
  expect(() => runPatterns(model, tokens.slice(0, 1), { interventions: [resample] })).toThrow(/use more sequences/);
});

test('patterns alone are those of a run with losses, and one that is not finite is told', () => {
  const seen = (run: typeof showPatterns | typeof runPatterns): number[] => {
    const found: number[] = [];
    run(model, tokens.slice(0, 5), { visit: ({ attention }) => void found.push(attention(4, 1)) });
    return found;
  };
  expect(seen(showPatterns)).toEqual(seen(runPatterns));
  const wild = randomModel(engine, SIZES);
  const W_Q = wild.getWeight('blocks.1.attn.W_Q');
  wild.setWeights({ 'blocks.1.attn.W_Q': { ...W_Q, data: Float32Array.from(W_Q.data, () => 3e38) } });
  expect(() => showPatterns(wild, tokens.slice(0, 5), { visit: () => {} })).toThrow(NotFiniteError);
});
