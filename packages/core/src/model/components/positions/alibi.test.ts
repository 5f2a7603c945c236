// Scores that fall with the distance, against the definition: attention without positions, with the bias added by hand.
import { expect, test } from 'vitest';
import { distance } from '../../../../test/support/golden.ts';
import { WASM_ENGINES } from '../../../../test/support/kit.ts';
import { randomModel, randomTokens } from '../../../../test/support/models.ts';
import { referenceEngine } from '../../../engine/engine.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../formats/checkpoint.ts';
import { hookPoints } from '../../hookPoints.ts';
import { Model } from '../../model.ts';
import { parameterCount } from '../../parameters.ts';
import { alibiSlopes } from './alibi.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 };
const OPTIONS = { ...SIZES, positions: 'alibi', biases: true } as const;
const tokens = randomTokens({ sequences: 2, length: 7 }, SIZES.dVocab);

test('slopes are the paper’s for powers of two, and TransformerLens’s between them', () => {
  expect(distance(alibiSlopes(4), [1 / 4, 1 / 16, 1 / 64, 1 / 256])).toBeLessThan(1e-15);
  expect(
    distance(
      alibiSlopes(8),
      [1, 2, 3, 4, 5, 6, 7, 8].map((h) => 2 ** -h),
    ),
  ).toBeLessThan(1e-15);
  expect(distance(alibiSlopes(3), [1 / 16, 1 / 256, 1 / 4])).toBeLessThan(1e-15);
  expect(distance(alibiSlopes(1), [1 / 256])).toBeLessThan(1e-15);
});

test.for(Object.entries({ ...WASM_ENGINES, reference: referenceEngine }))(
  'the scores are those without positions less slope times distance, in every layer (%s)',
  ([, engine]) => {
    const model = randomModel(engine, OPTIONS);
    const plain = new Model(engine, { ...OPTIONS, positions: 'none' });
    plain.setWeights(model.getWeights());
    const slopes = alibiSlopes(SIZES.nHeads);
    const bias = plain.runWithHooks(tokens, [
      [
        '*.hook_attn_scores',
        ({ shape, data }) => {
          const [, heads, length] = shape as [number, number, number];
          data.forEach((_, at) => {
            const [key, query] = [at % length, Math.floor(at / length) % length];
            data[at]! -= slopes[Math.floor(at / (length * length)) % heads]! * (query - key);
          });
        },
      ],
    ]);
    const run = model.run(tokens);
    expect(distance(run.logits, bias.logits)).toBeLessThan(1e-6);
    expect(distance(run.logits, plain.run(tokens).logits)).toBeGreaterThan(1e-3);
  },
);

test('it has no table of positions and no weights of its own, and a checkpoint keeps it', () => {
  const model = randomModel(referenceEngine, OPTIONS);
  expect(hookPoints(model.config, { onRequest: true })).not.toContain('hook_pos_embed');
  expect(parameterCount(model.config)).toBe(parameterCount({ ...model.config, positions: 'none' }));
  const { config, weights } = decodeCheckpoint(encodeCheckpoint(model.config, model.getWeights()), 'a.safetensors');
  expect(config).toEqual(model.config);
  expect(Object.keys(weights)).toEqual(Object.keys(model.getWeights()));
});
