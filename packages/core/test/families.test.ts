// Models of the families that people have, against PyTorch in float64 (scripts/golden/families.py): logits, and the gradient of
// every weight.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { referenceEngine } from '../src/engine/engine.ts';
import { type ModelOptions, modelConfig } from '../src/model/config.ts';
import { Model } from '../src/model/model.ts';
import { parameterCount } from '../src/model/parameters.ts';
import { distance } from './support/golden.ts';
import { WASM_ENGINES } from './support/kit.ts';

interface Case {
  readonly config: Record<string, unknown>;
  readonly tokens: number[][];
  readonly weights: Record<string, number[]>;
  readonly logits: number[];
  readonly gradients: Record<string, number[]>;
}

const golden = JSON.parse(readFileSync(new URL('golden/families.json', import.meta.url), 'utf8')) as {
  sizes: Record<string, number>;
  eps: number;
  cases: Record<string, Case>;
};

/** Our config of a case of the script. */
function optionsOf({ config: c }: Case): ModelOptions {
  const { n_layers, n_heads, d_model, d_head, n_ctx, d_vocab } = golden.sizes as Record<string, number>;
  const scaling = c.scaling as { factor: number; low: number; high: number; original: number } | undefined;
  const given = {
    ...{ nLayers: n_layers!, nHeads: n_heads!, dModel: d_model!, dHead: d_head!, nCtx: n_ctx!, dVocab: d_vocab! },
    ...{
      positions: c.positions,
      normalization: c.norm,
      biases: c.biases ?? false,
      tied: c.tied ?? false,
      eps: golden.eps,
    },
    ...{
      rotaryDim: c.rotary_dim,
      rotaryBase: c.base,
      rotaryAdjacentPairs: c.adjacent,
      nKeyValueHeads: c.kv,
      qkNorm: c.qk_norm,
    },
    ...{ dMlp: c.mlp, actFn: c.act, gatedMlp: c.gated, parallelAttnMlp: c.parallel },
    rotaryScaling: scaling && {
      ...{ factor: scaling.factor, originalCtx: scaling.original },
      ...{ lowFreqFactor: scaling.low, highFreqFactor: scaling.high },
    },
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}

function modelOf(engine: ConstructorParameters<typeof Model>[0], one: Case): Model {
  const model = new Model(engine, optionsOf(one));
  const shapes = model.getWeights();
  const given = Object.entries(one.weights).map(([name, data]) => [name, { shape: shapes[name]!.shape, data }]);
  model.setWeights(Object.fromEntries(given));
  return model;
}

const engines = [['reference', referenceEngine, 1e-8, 5e-6] as const].concat(
  Object.entries(WASM_ENGINES).map(([name, engine]) => [name, engine, 1e-5, 2e-5] as never),
);

describe.for(Object.entries(golden.cases))('%s', ([, one]) => {
  test('has the weights that PyTorch has, no more and no fewer', () => {
    const config = modelConfig(optionsOf(one));
    const learned = Object.entries(one.weights).reduce((sum, [, data]) => sum + data.length, 0);
    expect(parameterCount(config)).toBe(learned);
  });

  // Digits of the file: 9 of logits, 6 of gradients.
  test.for(engines)('logits and gradients on %s', ([, engine, ofLogits, ofGradients]) => {
    const model = modelOf(engine, one);
    expect(distance(model.run(one.tokens).logits, one.logits)).toBeLessThan(ofLogits);
    const { gradients } = model.runWithGradients(one.tokens);
    for (const [name, want] of Object.entries(one.gradients)) {
      // Without positions in k, a key's bias moves all scores of a query alike; elsewhere it does not.
      const scale = Math.max(...want.map(Math.abs)) < 1e-9 ? 0 : 1;
      if (scale === 1) expect(distance(gradients[name]!.data, want), name).toBeLessThan(ofGradients);
      else expect(Math.max(...Array.from(gradients[name]!.data, Math.abs)), name).toBeLessThan(1e-7);
    }
  });
});
