// Integrated gradients: complete, so those of edges add up to what ablating all edges into an input costs, and those of heads
// or positions to what patching all of a hook point restores; on the hand-built model they see what gradients at a saturated
// softmax do not.
import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import type { MeasuredSequence } from '../../model/measures/measure.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { activationPatching, type PatchEffect } from './activationPatching.ts';
import { attributionAgreement } from './pathMatrix.ts';
import { type JointPath, type PathTableRecord, pathTable } from './pathTable.ts';

/** How far the sums are from what was measured, at most. */
const incomplete = ({ joint }: PathTableRecord): number =>
  Math.max(...joint.map(({ increase, integrated }) => Math.abs(integrated!.value - increase.value)));

describe.for([
  { nLayers: 3, by: 'zero' },
  { nLayers: 2, by: 'mean' },
] as const)('a random model of $nLayers layers, edges ablated by $by', ({ nLayers, by }) => {
  const sizes = { nHeads: 2, dModel: 7, dHead: 3, nCtx: 11, dVocab: 5 };
  const model = randomModel(referenceEngine, { ...sizes, nLayers, normalization: 'LN', biases: true });
  const set = new RepeatSet(model, { sequences: 2, seed: 3, periods: [4] });
  const tables = [3, 6].map((integrationSteps) => pathTable(model, { set, by, integrationSteps }));

  test('the edges into an input add up to their joint effect: six points to five digits', () => {
    const [few, many] = tables.map(incomplete);
    expect(many).toBeLessThan(1e-5);
    expect(few! / many!).toBeGreaterThan(100);
    const largest = Math.max(...tables[1]!.joint.map(({ increase }) => Math.abs(increase.value)));
    expect(largest).toBeGreaterThan(0.01);
    for (const { cells, joint } of tables)
      for (const { target, input, integrated } of joint) {
        const own = cells.filter((cell) => cell.target === target && cell.input === input);
        expect(own.reduce((sum, cell) => sum + cell.integrated!.value, 0)).toBeCloseTo(integrated!.value, 12);
      }
  });

  test('nothing else of the table changes, and without being asked for they are not there', () => {
    const plain = pathTable(model, { set, by });
    const { integrationSteps, ...rest } = tables[0]!;
    const without = <T extends { integrated?: unknown }>({ integrated, ...left }: T): Omit<T, 'integrated'> => left;
    expect(integrationSteps).toBe(3);
    expect({ ...rest, cells: rest.cells.map(without), joint: rest.joint.map((j: JointPath) => without(j)) }).toEqual(
      plain,
    );
    expect(() => attributionAgreement(plain, 'integrated')).toThrow(
      /^attributionAgreement: this table has no integrated/,
    );
  });
});

test('the hand-built induction model: all that its keys live on, of which the gradient where it stands sees nothing', () => {
  const model = handBuiltInduction(referenceEngine, { dVocab: 5, nCtx: 8 });
  const set = new RepeatSet(model, { sequences: 2, seed: 5, periods: [4] });
  const table = pathTable(model, { set, integrationSteps: 24 });
  for (const { source, target, input, increase, attributed, integrated } of table.cells) {
    const keys = `${source} ${target} ${input}` === 'L0H0 L1H0 k';
    expect(attributed.value).toBeCloseTo(0, 9);
    // Softmax lets go near the end of the line, between few points: the sum is not yet the whole.
    expect(integrated!.value).toBeGreaterThan(keys ? 0.75 * increase.value : -1e-9);
    expect(integrated!.value).toBeLessThan(keys ? 1.25 * increase.value : 1e-9);
    expect(increase.value > 1).toBe(keys);
  }
  expect(attributionAgreement(table, 'integrated')).toBeGreaterThan(0.999999);
});

describe('of patches', () => {
  const sizes = { nLayers: 2, nHeads: 3, dModel: 7, dHead: 5, nCtx: 9, dVocab: 5, normalization: 'LN' } as const;
  const model = randomModel(referenceEngine, sizes);
  // One prompt, so that there is no spread that could hold 0.
  const prompts = [{ tokens: [1, 2, 0, 3, 4, 1], queries: [5], answers: [2], corrupted: [3, 2, 1, 0, 4, 1] }];
  const hooks = ['hook_embed', 'blocks.*.attn.hook_z', 'blocks.1.attn.hook_pattern', 'blocks.1.hook_v_input'];
  // A measure that does not say which way is better, so that any difference is a corruption to restore.
  const measure = {
    ...{ name: 'logit', unit: 'units' },
    value: ({ logits, dVocab, queries: [q] }: MeasuredSequence) => logits[q! * dVocab]! ** 2,
    gradient: ({ logits, dVocab, queries: [q] }: MeasuredSequence) =>
      Float64Array.from(logits, (x, i) => (i === q! * dVocab ? 2 * x : 0)),
  };
  const record = activationPatching(model, prompts, { hooks, measure, byPosition: true, integrationSteps: 12 });

  test('heads, and the positions of each of them, add up to what patching all of a hook point restores', () => {
    expect(record.doesNotApply).toBeNull();
    expect(record.integrationSteps).toBe(12);
    expect(record.joint!.map(({ hook, label }) => [hook, label])).toEqual([
      ['blocks.0.attn.hook_z', 'L0'],
      ['blocks.1.hook_v_input', 'L1'],
      ['blocks.1.attn.hook_pattern', 'L1'],
      ['blocks.1.attn.hook_z', 'L1'],
    ]);
    const sum = (chosen: readonly PatchEffect[]): number => chosen.reduce((total, e) => total + e.integrated!, 0);
    const of = (hook: string): PatchEffect[] => record.effects.filter((e) => e.hook === hook);
    for (const { hook, effect, integrated } of record.joint!) {
      const heads = of(hook).filter(({ position }) => position === null);
      expect(heads).toHaveLength(3);
      expect(sum(heads), hook).toBeCloseTo(integrated!, 10);
      expect(integrated!, hook).toBeCloseTo(effect.value, 5);
      for (const head of heads)
        expect(sum(of(hook).filter((e) => e.head === head.head && e.position !== null))).toBeCloseTo(
          head.integrated!,
          10,
        );
    }
    // Without heads the whole is the site itself; everything comes from the embedding here.
    const embedding = of('hook_embed').find(({ position }) => position === null)!;
    expect(embedding.effect.value).toBeCloseTo(1, 10);
    expect(embedding.integrated!).toBeCloseTo(1, 2); // the line goes through two layers and their LayerNorms
    expect(Math.abs(embedding.attributed! - 1)).toBeGreaterThan(0.01); // first order says something else
  });

  test('nothing else of the record changes, and without being asked for they are not there', () => {
    const plain = activationPatching(model, prompts, { hooks, measure, byPosition: true });
    const { joint, integrationSteps, effects, ...rest } = record;
    expect({ ...rest, effects: effects.map(({ integrated, ...left }) => left) }).toEqual(plain);
    for (const wrong of [0, 2.5, 'eight' as unknown as number])
      expect(() => activationPatching(model, prompts, { integrationSteps: wrong })).toThrow(
        /^activationPatching: options\.integrationSteps must be/,
      );
  });

  test('where the measure has no gradient there is nothing to integrate, and with nothing to restore neither', () => {
    const { gradient, ...blind } = measure;
    const options = { integrationSteps: 2, hooks: 'blocks.0.attn.hook_z' };
    const found = activationPatching(model, prompts, { ...options, measure: blind });
    for (const { integrated, attributed } of found.effects) expect([integrated, attributed]).toEqual([null, null]);
    expect(found.joint![0]).toMatchObject({ integrated: null, effect: { n: 1 } });
    const same = prompts.map((prompt) => ({ ...prompt, corrupted: prompt.tokens }));
    const none = activationPatching(model, same, options);
    expect(none.doesNotApply).toMatch(/nothing to restore/);
    expect(none.effects[0]).toMatchObject({ integrated: null });
  });
});

test('a model of one layer has none, and a number of points that is none is refused', () => {
  const copier = handBuiltPositionalCopier(referenceEngine, { dVocab: 11, nCtx: 14, period: 7 });
  expect(pathTable(copier, { sequences: 2, integrationSteps: 2 })).toMatchObject({ cells: [], integrationSteps: 2 });
  for (const integrationSteps of [0, 1.5, -3, 'eight' as unknown as number])
    expect(() => pathTable(copier, { integrationSteps })).toThrow(/^pathTable: options\.integrationSteps must be/);
});
