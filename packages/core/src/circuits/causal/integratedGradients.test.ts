// Integrated gradients of edges: complete, so they add up to what ablating all edges into an input costs; and they see on
// the hand-built model what gradients at a saturated softmax do not.
import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { RepeatSet } from '../data/repeatSet.ts';
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

test('a model of one layer has none, and a number of points that is none is refused', () => {
  const copier = handBuiltPositionalCopier(referenceEngine, { dVocab: 11, nCtx: 14, period: 7 });
  expect(pathTable(copier, { sequences: 2, integrationSteps: 2 })).toMatchObject({ cells: [], integrationSteps: 2 });
  for (const integrationSteps of [0, 1.5, -3, 'eight' as unknown as number])
    expect(() => pathTable(copier, { integrationSteps })).toThrow(/^pathTable: options\.integrationSteps must be/);
});
