// Finite weights whose activations are not: every analysis says so in one sentence, and none gives a verdict.
import { describe, expect, test } from 'vitest';
import { randomModel } from '../../test/support/models.ts';
import { NotFiniteError } from '../errors/notFinite.ts';
import { handBuiltInduction } from '../examples/handBuiltInduction.ts';
import type { Model } from '../model/model.ts';
import { loadEngine } from '../node.ts';
import { examplePatterns } from './attention/examplePatterns.ts';
import { headScores } from './attention/headScores.ts';
import { ablationEffects } from './causal/ablation.ts';
import { activationPatching } from './causal/activationPatching.ts';
import { periodsToMeasure } from './causal/effectPeriods.ts';
import { pathTable } from './causal/pathTable.ts';
import { audit } from './claims/audit.ts';
import { measureCheckpoint } from './claims/dynamics.ts';
import { prove } from './claims/prove.ts';
import { corruptedPair } from './data/corruption.ts';
import { runPatterns } from './data/patternRuns.ts';
import { RepeatSet } from './data/repeatSet.ts';
import { checkWeights } from './finite.ts';
import { compositionScores } from './weights/composition.ts';
import { copyingScore, headCircuits } from './weights/headCircuits.ts';
import { WeightCircuits } from './weights/weightCircuits.ts';

const engine = await loadEngine({ exact: true });
const SIZES = { nLayers: 2, nHeads: 2, dModel: 8, dHead: 4, nCtx: 14, dVocab: 9 };

/** A model whose weights of that name are so large, with either sign, that float32 does not hold what they make. */
function overflowing(name: string, size: number, normalization: 'LN' | null = null): Model {
  const model = randomModel(engine, { ...SIZES, normalization });
  const { shape, data } = model.getWeights()[name]!;
  model.setWeights({ [name]: { shape, data: Float32Array.from(data, (_, i) => (i % 3 === 0 ? -size : size)) } });
  return model;
}

const analyses: Record<string, (model: Model) => unknown> = {
  audit: (model) => audit(model, { sequences: 2 }),
  prove: (model) => prove(model, { sequences: 2 }),
  headScores: (model) => headScores(model, { sequences: 2 }),
  ablationEffects: (model) => ablationEffects(model, { sequences: 2 }),
  pathTable: (model) => pathTable(model, { sequences: 2 }),
  measureCheckpoint: (model) => measureCheckpoint(model, { step: 0, sequences: 2 }),
  periodsToMeasure: (model) => periodsToMeasure(model, { seed: 0, count: 2 }),
  examplePatterns: (model) => examplePatterns(model, { period: 5 }),
  RepeatSet: (model) => new RepeatSet(model, { sequences: 2, seed: 0, periods: [5] }),
  activationPatching: (model) =>
    activationPatching(model, corruptedPair({ config: model.config, count: 2, seed: 0 }, 5, 'break-repeat')),
};

describe.for(Object.entries(analyses))('%s', ([, analyse]) => {
  test.for([
    ['embed.W_E', 3e38, 'LN', 'blocks.0.ln1.hook_scale'],
    ['blocks.0.attn.W_Q', 3e38, null, 'blocks.0.attn.hook_q'],
    ['blocks.1.attn.W_V', 3.4e38, 'LN', 'blocks.1.attn.hook_v'],
  ] as const)('of %s of ±%f (%s) names %s', ([name, size, normalization, first]) => {
    const analysed = (): unknown => analyse(overflowing(name, size, normalization));
    expect(analysed).toThrow(NotFiniteError);
    expect(analysed).toThrow(
      new RegExp(
        `^model: the outputs are not finite: "${first}" is the first activation that holds "?(NaN|-?Infinity)`,
      ),
    );
  });
});

test('logits so large that only the loss overflows are no result either, and the sentence says it is the loss', () => {
  const model = overflowing('unembed.W_U', 2e38);
  const tokens = [[1, 2, 3, 4]];
  expect(() => runPatterns(model, tokens, {})).toThrow(/the outputs are not finite: the loss is "?(NaN|Infinity)/);
});

test('masked scores of −∞ are no fault, and neither is attention that saturates', () => {
  const model = handBuiltInduction(engine, { dVocab: 9, nCtx: 14 });
  expect(() => headScores(model, { sequences: 2 })).not.toThrow();
});

describe('circuits of weights at the end of float32', () => {
  const huge = (size: number): WeightCircuits => {
    const model = randomModel(engine, { ...SIZES, normalization: null });
    const weights = Object.entries(model.getWeights()).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data, (x) => Math.fround(x * size)) },
    ]);
    return new WeightCircuits(model.config, Object.fromEntries(weights));
  };

  test.for([2 ** 100, 2 ** -60])('have the scores of the same weights %f times smaller, to the bit', (size) => {
    const [plain, scaled] = [huge(1), huge(size)];
    const baseline = { mean: 0, deviation: 0, draws: 1 };
    expect(compositionScores(scaled, { baseline })).toEqual(compositionScores(plain, { baseline }));
    expect(headCircuits(scaled)).toEqual(headCircuits(plain));
  });

  test('end, and are finite, with all weights ±3.4e38', () => {
    const model = randomModel(engine, { ...SIZES, normalization: 'LN' });
    const weights = Object.entries(model.getWeights()).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data, (x) => (x < 0 ? -3.4e38 : 3.4e38)) },
    ]);
    const circuits = new WeightCircuits(model.config, Object.fromEntries(weights));
    for (const { raw } of compositionScores(circuits, { draws: 2 }).scores) {
      expect(raw).toBeGreaterThan(0);
      expect(raw).toBeLessThanOrEqual(1);
    }
    for (const { copying, copiesTop1 } of headCircuits(circuits)) {
      expect(Math.abs(copying)).toBeLessThanOrEqual(1);
      expect(Number.isFinite(copiesTop1)).toBe(true);
    }
    expect(Number.isFinite(copyingScore(circuits.fullOV({ layer: 0, head: 0 })))).toBe(true);
  });

  test('are refused by name where a weight is none', () => {
    expect(() => checkWeights('embed.W_E', [1, Number.NaN])).toThrow(/^model: the weights "embed\.W_E" hold "?NaN/);
    const model = randomModel(engine, SIZES);
    const weights = { ...model.getWeights() };
    const { shape, data } = weights['blocks.1.attn.W_O']!;
    weights['blocks.1.attn.W_O'] = { shape, data: Float32Array.from(data, (x, i) => (i === 3 ? Infinity : x)) };
    const circuits = new WeightCircuits(model.config, weights);
    expect(() => headCircuits(circuits)).toThrow(NotFiniteError);
    expect(() => compositionScores(circuits)).toThrow(/"blocks\.1\.attn\.W_O"/);
  });
});
