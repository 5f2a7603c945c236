// The transformer without the model around it, as training uses it: targets that do not count, gradients that add up.
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { randomModel, randomTokens } from '../../test/support/models.ts';
import { type Engine, referenceEngine } from '../engine/engine.ts';
import { modelConfig, POSITIONS, type Positions } from './config.ts';
import { namedCopies, Parameters } from './parameters.ts';
import { Transformer } from './transformer.ts';

const [SEQUENCES, LENGTH] = [2, 7];
const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13, biases: true };
const tokens = randomTokens({ sequences: SEQUENCES, length: LENGTH }, SIZES.dVocab).flat();
const engines = [['reference', referenceEngine] as const, ...Object.entries(WASM_ENGINES)];

/** A transformer with the weights of `randomModel`, and room for gradients. */
function transformerOn(
  engine: Engine,
  { gradients, positions = 'standard' }: { gradients: boolean; positions?: Positions },
): { transformer: Transformer; gradients: Parameters } {
  const config = modelConfig({ ...SIZES, positions });
  const arena = engine.createArena();
  const weights = new Parameters(config, arena);
  for (const [name, { data }] of Object.entries(randomModel(engine, config).getWeights()))
    weights.named(name).set(data);
  const extent = { sequences: SEQUENCES, length: LENGTH };
  const ops = engine.opsFor(config, extent, arena);
  const plan = { gradients, results: [], splitInputs: [] };
  const transformer = new Transformer({ config, extent, plan, ops, arena, weights });
  transformer.tokens.data.set(tokens);
  return { transformer, gradients: new Parameters(config, arena) };
}

/** Every third position counts, every third is measured only, every third has no target. */
const mixedTargets = tokens.map((_, i) => [(i + 4) % SIZES.dVocab, -2 - ((i + 4) % SIZES.dVocab), -1][i % 3]!);

const flat = (gradients: Parameters): number[] =>
  Object.values(namedCopies(gradients)).flatMap(({ data }) => Array.from(data));

describe.for(engines)('on %s', ([, engine]) => {
  test('targets of −1 have no loss, targets of −2 − t the loss of token t, and only targets of 0 or more count', () => {
    const { transformer } = transformerOn(engine, { gradients: false });
    const { targets, losses } = transformer;
    targets.data.set(tokens.map((_, i) => (i + 4) % SIZES.dVocab));
    transformer.forward();
    transformer.loss(1);
    const all = [...losses.toArray()];
    targets.data.set(mixedTargets);
    transformer.loss(1);
    const counted = all.filter((_, i) => i % 3 === 0);
    expect([...losses.toArray()]).toEqual(all.map((loss, i) => (i % 3 === 2 ? 0 : loss)));
    const { sum, count } = transformer.countedLoss();
    expect(count).toBe(counted.length);
    expect(distance([sum], [counted.reduce((total, loss) => total + loss, 0)])).toBeLessThan(1e-12);
  });

  test('a target that does not count has no part in any gradient', () => {
    const { transformer, gradients } = transformerOn(engine, { gradients: true });
    const run = (targets: readonly number[]): number[] => {
      for (const gradient of gradients.all) gradient.data.fill(0);
      transformer.targets.data.set(targets);
      transformer.forward();
      transformer.loss(1 / 5);
      transformer.backward(gradients);
      return flat(gradients);
    };
    const [mixed, without] = [run(mixedTargets), run(mixedTargets.map((target) => Math.max(target, -1)))];
    expect(mixed).toEqual(without);
    expect(Math.hypot(...mixed)).toBeGreaterThan(0.01);
    expect(Math.hypot(...run(tokens.map(() => -1)))).toBe(0);
  });

  test.for(POSITIONS)('backward adds to the gradients, in proportion to the scale of the loss (%s)', (positions) => {
    const { transformer, gradients } = transformerOn(engine, { gradients: true, positions });
    transformer.targets.data.set(mixedTargets);
    const backward = (scale: number): number[] => {
      transformer.forward();
      transformer.loss(scale);
      transformer.backward(gradients);
      return flat(gradients);
    };
    const once = backward(1);
    const [thrice, tolerance] = [backward(2), engine === referenceEngine ? 1e-12 : 1e-6];
    expect(
      distance(
        thrice,
        once.map((g) => 3 * g),
      ),
    ).toBeLessThan(tolerance);
  });

  test('padding of weights’ gradients stays exactly zero, so that the optimiser leaves the weights’ padding alone', () => {
    const { transformer, gradients } = transformerOn(engine, { gradients: true });
    transformer.targets.data.set(mixedTargets);
    transformer.forward();
    transformer.loss(1);
    transformer.backward(gradients);
    for (const gradient of gradients.all) {
      const values = gradient.data.slice();
      gradient.set(new Float64Array(gradient.size)); // what is left is padding
      expect(
        gradient.data.every((x) => x === 0),
        gradient.name,
      ).toBe(true);
      expect(values.some((x) => x !== 0) || gradient.name === 'pos_embed.W_pos').toBe(true);
    }
  });
});

test('backward without a plan for gradients says so', () => {
  const { transformer, gradients } = transformerOn(referenceEngine, { gradients: false });
  transformer.forward();
  transformer.loss(1);
  expect(() => transformer.backward(gradients)).toThrow(
    'Transformer.backward: this transformer was planned without gradients.',
  );
});
