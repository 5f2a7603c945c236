// The first layer from tables against the plain way, which is what everybody takes who looks at the model: the same losses,
// logits and gradients of every weight, in every way of knowing positions, with LayerNorm and without, biases and tying.
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { FAMILY_OPTIONS, POSITION_OPTIONS, randomModel, randomTokens } from '../../test/support/models.ts';
import { type OneByOne, oneByOne, unwatched, WATCHED } from '../../test/support/oneByOne.ts';
import { type Engine, referenceEngine } from '../engine/engine.ts';
import type { PlanOptions } from './components/plan.ts';
import { tablesPay } from './components/rowSum.ts';
import { type ModelConfig, modelConfig } from './config.ts';
import { Parameters } from './parameters.ts';
import { Transformer } from './transformer.ts';

const LENGTH = 7;
const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: LENGTH, dVocab: 13, attnScale: 1.7 };
const SEQUENCES = randomTokens({ sequences: 5, length: LENGTH }, SIZES.dVocab);

const run = (engine: Engine, config: ModelConfig, plan: PlanOptions): OneByOne =>
  oneByOne(engine, { config, weights: randomModel(engine, config).getWeights(), plan }, SEQUENCES);
const outputs = ({ logits, losses }: OneByOne): number[] => [...logits, ...losses].flat();

const engines = [['reference', referenceEngine, 1e-12] as const].concat(
  Object.entries(WASM_ENGINES).map(([name, engine]) => [name, engine, 2e-5] as never),
);
const cases = POSITION_OPTIONS.flatMap(({ label, options }) =>
  (['LN', null] as const).flatMap((normalization) =>
    [true, false].flatMap((biases) =>
      [true, false].map((tied) => ({ positions: label, options, normalization, biases, tied })),
    ),
  ),
);

/** Models with more parts; tables are made where attention alone reads the first layer's stream, through LayerNorm or as it is. */
const families = FAMILY_OPTIONS.map(({ label, options }) => ({
  label,
  options,
  expected: options.normalization !== 'RMS' && !options.parallelAttnMlp,
}));

describe.for(engines)('on %s', ([, engine, tolerance]) => {
  test.for(cases)(
    '$positions positions, normalization $normalization, biases $biases, tied $tied',
    ({ options, normalization, biases, tied }) => {
      const config = modelConfig({ ...SIZES, ...options, normalization, biases, tied });
      const { want, got } = bothWays(engine, config, tolerance);
      expect([want.usesTables, got.usesTables]).toEqual([false, true]);
      for (const name of ['embed.W_E', 'blocks.0.attn.W_Q', 'blocks.0.attn.W_K', 'blocks.0.attn.W_V'])
        expect(Math.max(...Array.from(want.gradients[name]!.data, Math.abs)), `largest of ${name}`).toBeGreaterThan(
          1e-5,
        );
    },
  );

  test.for(families)('$label', ({ options, expected }) => {
    const config = modelConfig({ ...SIZES, ...options });
    const { want, got } = bothWays(engine, config, tolerance);
    expect([want.usesTables, got.usesTables]).toEqual([false, expected]);
  });
});

/** Values and gradients watched and unwatched, which must agree. */
function bothWays(engine: Engine, config: ModelConfig, tolerance: number): { want: OneByOne; got: OneByOne } {
  const want = run(engine, config, WATCHED);
  const got = run(engine, config, unwatched(1e6));
  expect(distance(outputs(got), outputs(want))).toBeLessThan(tolerance);
  for (const [name, { data }] of Object.entries(want.gradients)) {
    if (name.endsWith('b_K')) continue; // next to nothing, since it moves all of a query's scores alike
    expect(distance(got.gradients[name]!.data, data), name).toBeLessThan(tolerance);
  }
  return { want, got };
}

test('without tables what nobody sees is left out all the same, and the numbers stay', () => {
  const config = modelConfig(SIZES);
  const [want, got] = [run(referenceEngine, config, WATCHED), run(referenceEngine, config, unwatched(1))];
  expect(got.usesTables).toBe(false);
  expect(distance(outputs(got), outputs(want))).toBeLessThan(1e-12);
});

test('tables are for steps that see many positions for each row', () => {
  expect(tablesPay(modelConfig({ ...SIZES, dVocab: 64, nCtx: 50 }), 64 * 50)).toBe(true);
  expect(tablesPay(modelConfig({ ...SIZES, dVocab: 50_257, nCtx: 1024 }), 8 * 1024)).toBe(false);
});

test('nobody watches a transformer that was planned so', () => {
  const arena = referenceEngine.createArena();
  const config = modelConfig(SIZES);
  const extent = { sequences: 1, length: LENGTH };
  const ops = referenceEngine.opsFor(config, extent, arena);
  const weights = new Parameters(config, arena);
  const transformer = new Transformer({ config, extent, plan: unwatched(1e6), ops, arena, weights });
  expect(() => {
    transformer.watcher = { forward: () => {} };
  }).toThrow('planned for nobody to watch');
});
