// A set measures the same interventions once: they have a name where their order does not matter.
import { expect, test } from 'vitest';
import { WASM_ENGINES } from '../../../test/support/kit.ts';
import { randomModel } from '../../../test/support/models.ts';
import { type Intervention, nameOf } from '../../model/interventions/interventions.ts';
import { Progress } from '../progress.ts';
import { RepeatSet } from './repeatSet.ts';

const zero = (layer: number, head: number): Intervention => ({
  ...{ kind: 'zeroAblate', hook: `blocks.${layer}.attn.hook_z`, head },
});
const cut = (head: number): Intervention => ({
  ...{ kind: 'removeFromInput', layer: 1, head, input: 'k', sources: 'allEarlier' },
});

test('interventions at places of their own have one name in any order, and others none', () => {
  expect(nameOf([zero(0, 1), cut(0), zero(1, 2)])).toBe(nameOf([cut(0), zero(1, 2), zero(0, 1)]));
  expect(nameOf([zero(0, 1)])).not.toBe(nameOf([zero(0, 2)]));
  expect(nameOf([cut(0)])).not.toBe(nameOf([{ ...cut(0), by: 'mean' } as Intervention]));
  expect(nameOf([zero(0, 1), zero(0, 1)])).toBeNull();
  expect(nameOf([{ kind: 'zeroAblate', hook: 'blocks.0.attn.hook_z' }])).toBeNull();
  expect(nameOf([{ kind: 'resampleAblate', hook: 'blocks.0.attn.hook_z', head: 0 }])).toBeNull();
});

test('the second time the same numbers come back, a copy, and count as measured', () => {
  const model = randomModel(WASM_ENGINES['fastest build']!, {
    ...{ nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 22, dVocab: 13 },
  });
  const set = new RepeatSet(model, { sequences: 6, seed: 1, periods: [5, 8] });
  const told: number[] = [];
  const progress = new Progress((done) => void told.push(done), 3 * set.size);
  const [first, again, other] = set.reporting(progress, () =>
    [[zero(0, 1), zero(1, 0)], [zero(1, 0), zero(0, 1)], [zero(0, 1)]].map((acting) => set.measured(acting)),
  ) as [Float64Array, Float64Array, Float64Array];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  expect(again).not.toBe(first);
  first.fill(0);
  expect(set.measured([zero(0, 1), zero(1, 0)])).toEqual(again);
  expect(told.at(-1)).toBe(3 * set.size);
});
