// The model as a list: the components of a transformer in the order in which they compute. A new part of the model is a
// file beside this one and a line here.
import type { ModelConfig } from '../config.ts';
import { attention } from './attention.ts';
import type { Component } from './component.ts';
import { embedding } from './embedding.ts';
import { layerNorm } from './layerNorm.ts';
import { hasMlp, mlp } from './mlp.ts';
import { mlpInput, residMid, residPost, residPre } from './residualStream.ts';
import { unembedding } from './unembedding.ts';

/** One after the other: of a config that asks for too much, only those are made that somebody looks at. */
export function* components(config: ModelConfig): Generator<Component> {
  yield embedding(config);
  for (let layer = 0; layer < config.nLayers; layer++) {
    yield residPre(layer);
    yield layerNorm(config, lnOf(layer, 'ln1'), { last: false });
    yield attention(config, layer);
    if (hasMlp(config)) {
      if (!config.parallelAttnMlp) yield residMid(config, layer);
      yield mlpInput(layer);
      yield layerNorm(config, lnOf(layer, 'ln2'), { last: false });
      yield mlp(config, layer);
    }
    yield residPost(config, layer);
  }
  yield layerNorm(config, { name: 'ln_final', native: 'ln_out', bridge: 'ln_final' }, { last: true });
  yield unembedding(config);
}

const lnOf = (layer: number, ln: 'ln1' | 'ln2'): { name: string; native: string; bridge: string } => ({
  name: `blocks.${layer}.${ln}`,
  native: `layers.${layer}.${ln}`,
  bridge: `blocks.${layer}.${ln}`,
});
