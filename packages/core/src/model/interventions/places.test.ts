// Ablating, resampling, patching and freezing at any hook point, against the same done by hand with hooks.
import { describe, expect, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import { randomModel, randomTokens } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { hookPoints } from '../hookPoints.ts';
import { headOutput, type Intervention } from './interventions.ts';

const SIZES = { nLayers: 2, nHeads: 5, dModel: 13, dHead: 3, nCtx: 11, dVocab: 17 };
const model = randomModel(referenceEngine, { ...SIZES, positions: 'shortformer', normalization: 'LN', biases: true });
const tokens = randomTokens({ sequences: 3, length: 7 }, SIZES.dVocab);
const corrupted = tokens.map((sequence) => [...sequence].map((t) => (t + 5) % SIZES.dVocab));
const everywhere = hookPoints(model.config, { onRequest: true });
const clean = model.runWithCache(tokens);
const run = (
  at: typeof tokens,
  interventions: readonly Intervention[],
  options = {},
): ReturnType<typeof model.runWithInterventions> => model.runWithInterventions(at, interventions, options);

/** Hook points after which nothing but them decides the logits: patching one of them restores the clean run. */
const cuts = ['blocks.1.hook_resid_post', 'ln_final.hook_normalized', 'blocks.1.hook_resid_pre'];

describe('patching', () => {
  test.for(everywhere)('%s with itself changes nothing', (hook) => {
    expect(distance(run(tokens, [{ kind: 'patch', hook }]).logits, clean.logits)).toBeLessThan(1e-12);
  });

  test.for(cuts)('all of %s from the clean run restores the clean logits', (hook) => {
    const { logits } = run(corrupted, [{ kind: 'patch', hook }], { clean: tokens });
    expect(distance(logits, clean.logits)).toBeLessThan(1e-12);
  });

  test('one head at chosen positions sets just those entries, and what follows from them', () => {
    const place = { ...headOutput({ layer: 0, head: 3 }), positions: [2, 5] };
    const names = ['blocks.0.attn.hook_z', 'blocks.0.hook_resid_post'];
    const before = model.runWithCache(corrupted, { names }).cache;
    const after = run(corrupted, [{ kind: 'patch', ...place }], { clean: tokens, names }).cache;
    const z = (cache: typeof before): ArrayLike<number> => cache.get(names[0]!).data;
    for (let i = 0; i < z(before).length; i++) {
      const [position, head] = [Math.floor(i / 15) % 7, Math.floor(i / 3) % 5];
      const patched = head === 3 && (position === 2 || position === 5);
      expect(z(after)[i]).toBe((patched ? z(clean.cache) : z(before))[i]);
    }
    const residual = (cache: typeof before): ArrayLike<number> => cache.get(names[1]!).data;
    for (let i = 0; i < residual(before).length; i++) {
      const position = Math.floor(i / 13) % 7;
      if (position !== 2 && position !== 5) expect(residual(after)[i]).toBe(residual(before)[i]);
    }
  });

  test('from prompts of another length is refused', () => {
    const shorter = tokens.map((sequence) => [...sequence].slice(0, 5));
    expect(() => run(tokens, [{ kind: 'patch', hook: 'blocks.0.hook_attn_out' }], { clean: shorter })).toThrow(
      /has shape \[3,7,13\], the clean run has \[3,5,13\]; use as many prompts of equal length/,
    );
  });
});

test('an ablated head with every later pattern frozen leaves those patterns as they were and changes the logits', () => {
  const names = ['blocks.1.attn.hook_pattern'];
  const ablate: Intervention = { kind: 'zeroAblate', ...headOutput({ layer: 0, head: 1 }) };
  const free = run(tokens, [ablate], { names });
  const frozen = run(tokens, [ablate, { kind: 'patch', hook: names[0]! }], { names });
  const pattern = ({ cache }: typeof free): ArrayLike<number> => cache.get(names[0]!).data;
  expect(distance(pattern(frozen), pattern(clean))).toBe(0);
  expect(distance(pattern(free), pattern(clean))).toBeGreaterThan(1e-3);
  expect(distance(frozen.logits, free.logits)).toBeGreaterThan(1e-6);
});

test('resampling gives each sequence the activation of the next one in the batch', () => {
  const names = ['blocks.1.attn.hook_z'];
  const { cache } = run(tokens, [{ kind: 'resampleAblate', hook: names[0]!, head: 2 }], { names });
  const [got, want] = [cache.get(names[0]!).data, clean.cache.get(names[0]!).data];
  const perSequence = got.length / 3;
  for (let i = 0; i < got.length; i++) {
    const head = Math.floor(i / 3) % 5;
    expect(got[i]).toBe(head === 2 ? want[(i + perSequence) % got.length] : want[i]);
  }
});

test('a whole layer ablated by its heads, by hook_z and by hook_attn_out differ by b_O alone', () => {
  const names = ['blocks.0.hook_resid_post'];
  const residual = (interventions: readonly Intervention[]): ArrayLike<number> =>
    run(tokens, interventions, { names }).cache.get(names[0]!).data;
  const byHeads = residual([0, 1, 2, 3, 4].map((head) => ({ kind: 'zeroAblate', ...headOutput({ layer: 0, head }) })));
  const byHook = residual([{ kind: 'zeroAblate', hook: 'blocks.0.attn.hook_z' }]);
  const byOutput = residual([{ kind: 'zeroAblate', hook: 'blocks.0.hook_attn_out' }]);
  const bias = model.getWeights()['blocks.0.attn.b_O']!.data;
  expect(distance(byHeads, byHook)).toBe(0);
  for (let i = 0; i < byHook.length; i++) expect(byHook[i]).toBeCloseTo(byOutput[i]! + bias[i % 13]!, 12);
});

test('the mean of a pattern is taken over sequences, row by row, and still sums to 1', () => {
  const names = ['blocks.0.attn.hook_pattern'];
  const { cache } = run(tokens, [{ kind: 'meanAblate', hook: names[0]! }], { names });
  const [got, want] = [cache.get(names[0]!).data, clean.cache.get(names[0]!).data];
  const cells = 5 * 7 * 7;
  for (let i = 0; i < got.length; i++) {
    const mean = [0, 1, 2].reduce((sum, s) => sum + want[s * cells + (i % cells)]! / 3, 0);
    expect(got[i]).toBeCloseTo(mean, 12);
  }
});
