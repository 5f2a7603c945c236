// Effects on given prompts: exact ones of the hand-built hub, and first-order ones against differences.
import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltHub } from '../../examples/handBuiltHub.ts';
import type { Measure } from '../../model/measures/measure.ts';
import type { Hook } from '../../model/model.ts';
import { PromptSet } from '../data/promptSet.ts';
import type { Prompts } from '../data/prompts.ts';
import { mean } from '../statistics/estimate.ts';
import { activationPatching } from './activationPatching.ts';
import { attributeEdges } from './edgeAttribution.ts';
import { logitAttribution } from './logitAttribution.ts';
import { pathPatching } from './pathPatching.ts';
import { pathTable } from './pathTable.ts';

describe('on the hub, whose position after a pair holds both of its tokens', () => {
  const model = handBuiltHub(referenceEngine, { dVocab: 14, nCtx: 9 });
  /** "a b … a" asks for b. In one twin the earlier a is another token, in the other its b is the wrong answer. */
  const [first, second] = [0, 1].map(
    (changed): Prompts =>
      [
        [1, 4, 7, 2, 8, 4],
        [3, 5, 9, 6, 5],
        [10, 2, 0, 11, 3, 2],
      ].map((tokens) => {
        const corrupted = tokens.map((t, p) => (p === 1 + changed ? 13 - changed : t));
        return { tokens, queries: [tokens.length - 1], answers: [tokens[2]!], wrong: [12], corrupted };
      }),
  ) as [Prompts, Prompts];
  const restored = (prompts: Prompts): [string, number][] =>
    activationPatching(model, prompts, { measure: 'logit-diff' }).effects.map(({ label, effect }) => [
      label,
      Math.round(effect.value * 1e9) / 1e9,
    ]);

  test('a changed key is put back by its writer and by the reader, a changed value by the other writer', () => {
    expect(restored(first)).toEqual([
      ['L0H0', 1],
      ['L0H1', 0],
      ['L1H0', 1],
      ['L1H1', 0],
    ]);
    expect(restored(second)).toEqual([
      ['L0H0', 0],
      ['L0H1', 1],
      ['L1H0', 1],
      ['L1H1', 0],
    ]);
    // 20 for the right answer, and in the second twin 20 for the wrong one.
    expect(activationPatching(model, second, { measure: 'logit-diff' }).corruptedLoss.value).toBeCloseTo(-20, 9);
  });

  test('path patching puts it back through the one edge that carries it', () => {
    const through = (prompts: Prompts): string[] =>
      pathPatching(model, prompts, { measure: 'logit-diff' })
        .edges.filter(({ effect }) => Math.abs(effect.value) > 1e-9)
        .map(({ source, target, input, effect }) => `${source} → ${target} ${input} ${effect.value.toFixed(9)}`);
    expect(through(first)).toEqual(['L0H0 → L1H0 k 1.000000000']);
    expect(through(second)).toEqual(['L0H1 → L1H0 v 1.000000000']);
  });

  test('the edge into the values carries the whole difference, to first order too; nothing goes over the others but the keys', () => {
    const { cells, joint, cleanLoss } = pathTable(model, { prompts: first, measure: 'logit-diff' });
    expect(cleanLoss.value).toBeCloseTo(20, 9);
    for (const { source, target, input, increase, attributed } of cells) {
      if (target === 'L1H0' && input === 'v' && source === 'L0H1') {
        expect(increase.value).toBeCloseTo(-20, 9);
        expect(attributed.value).toBeCloseTo(-20, 9); // values enter linearly
      } else if (target === 'L1H0' && input === 'k' && source === 'L0H0') expect(increase.value).toBeLessThan(-10);
      else expect(increase.value).toBeCloseTo(0, 9);
    }
    const into = (input: string): number => joint.find((j) => j.target === 'L1H0' && j.input === input)!.increase.value;
    expect(into('v')).toBeCloseTo(-20, 9);
    expect(into('q')).toBeCloseTo(0, 9);
  });

  test('its logit difference is written by the reader alone', () => {
    const { parts, layerShares } = logitAttribution(new PromptSet(model, { prompts: first, measure: 'logit-diff' }));
    expect(parts.find(({ part }) => part === 'L1H0')!.logit.value).toBeCloseTo(20, 9);
    expect(layerShares![1]).toBeCloseTo(1, 9);
  });
});

describe('by first order, of a measure of one’s own on prompts of several lengths', () => {
  const SIZES = { nLayers: 2, nHeads: 3, dModel: 7, dHead: 5, nCtx: 11, dVocab: 13 };
  const model = randomModel(referenceEngine, { ...SIZES, normalization: 'LN' });
  /** Mean squared logit at the queries: smooth, and of all logits. */
  const size: Measure = {
    ...{ name: 'size', unit: 'logits²', better: 'lower' },
    value: (s) => mean(s.queries.map((q) => mean(rowOf(s, q).map((x) => x * x)))),
    gradient: (s) => {
      const gradient = new Float64Array(s.logits.length);
      for (const q of s.queries)
        rowOf(s, q).forEach((x, v) => {
          gradient[q * s.dVocab + v] = (2 * x) / (s.dVocab * s.queries.length);
        });
      return gradient;
    },
  };
  const rowOf = ({ logits, dVocab }: { logits: ArrayLike<number>; dVocab: number }, q: number): number[] =>
    Array.from({ length: dVocab }, (_, v) => logits[q * dVocab + v]!);
  const sizeOf = (tokens: ArrayLike<number>, queries: readonly number[]): number =>
    model.measure([tokens], { measure: size, queries: [queries] })[0]!;
  // The smaller of two twins is the clean one, so that the corruption surely costs something.
  const prompts = [
    { tokens: [1, 2, 3, 4], queries: [3, 1], corrupted: [12, 2, 3, 4] },
    { tokens: [5, 0, 7, 7, 2, 6], queries: [5], corrupted: [5, 11, 7, 7, 2, 6] },
    { tokens: [3, 8, 9, 1], queries: [2], corrupted: [3, 10, 9, 1] },
  ].map(({ queries, ...sides }) => {
    const [tokens, corrupted] = [sides.tokens, sides.corrupted].sort((a, b) => sizeOf(a, queries) - sizeOf(b, queries));
    return { tokens: tokens!, queries, corrupted: corrupted! };
  });

  /** Mean of the measure over the prompts, each run with a hook. */
  const meanWith = (side: 'tokens' | 'corrupted', name: string, hookOf: (s: number) => Hook): number =>
    mean(
      prompts.map((prompt, s) => {
        const tokens = prompt[side];
        const { logits } = model.runWithHooks([tokens], [[name, hookOf(s)]]);
        return size.value({ logits, dVocab: 13, tokens, queries: prompt.queries, answers: [], wrong: [] });
      }),
    );
  /** Central differences of something that moves by shares of a step. */
  const slope = (at: (share: number) => number): number => (at(1e-4) - at(-1e-4)) / 2e-4;

  test('patches go the way of the slope from the corrupted activation to the clean one', () => {
    const record = activationPatching(model, prompts, { measure: size });
    expect(record.doesNotApply).toBeNull();
    const gap = record.corruptedLoss.value - record.cleanLoss.value;
    for (const { label, hook, head, attributed } of record.effects) {
      const runs = prompts.map(({ tokens, corrupted }) =>
        [tokens, corrupted].map((side) => model.runWithCache([side]).cache.get(hook).data),
      );
      const change = slope((share) =>
        meanWith('corrupted', hook, (s) => ({ data }) => {
          const [clean, other] = runs[s]! as [Float64Array, Float64Array];
          for (let i = 0; i < data.length; i++)
            if (Math.floor(i / 5) % 3 === head) data[i]! += share * (clean[i]! - other[i]!);
        }),
      );
      expect(Math.abs(attributed! + change / gap), label).toBeLessThan(1e-5 * (1 + Math.abs(attributed!)));
    }
  });

  test.for(['q', 'k', 'v'] as const)('edges into %s go the way of the slope as the source is taken out', (input) => {
    const [source, target] = [
      { layer: 0, head: 2 },
      { layer: 1, head: 1 },
    ];
    const set = new PromptSet(model, { prompts, measure: size });
    const found = mean(attributeEdges(set, { by: 'zero' }).get({ source, target, input }));
    const results = prompts.map(
      ({ tokens }) => model.runWithCache([tokens], { names: '**' }).cache.get('blocks.0.attn.hook_result').data,
    );
    const change = slope((share) =>
      meanWith('tokens', `blocks.1.hook_${input}_input`, (s) => ({ data }) => {
        for (let row = 0; row < data.length / 21; row++)
          for (let i = 0; i < 7; i++)
            data[(row * 3 + target.head) * 7 + i]! -= share * results[s]![(row * 3 + source.head) * 7 + i]!;
      }),
    );
    expect(Math.abs(found - change)).toBeLessThan(1e-5 * (1e-3 + Math.abs(change)));
    expect(Math.abs(found)).toBeGreaterThan(1e-6);
  });
});
