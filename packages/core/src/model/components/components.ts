// The model as a list: the components of a transformer in the order in which they compute. A new part of the model is a
// file beside this one and a line here.
import type { ModelConfig } from '../config.ts';
import { attention } from './attention.ts';
import type { Component } from './component.ts';
import { embedding } from './embedding.ts';
import { layerNorm } from './layerNorm.ts';
import { residPost, residPre } from './residualStream.ts';
import { unembedding } from './unembedding.ts';

/** One after the other: of a config that asks for too much, only those are made that somebody looks at. */
export function* components(config: ModelConfig): Generator<Component> {
  yield embedding(config);
  for (let layer = 0; layer < config.nLayers; layer++) {
    yield residPre(layer);
    yield layerNorm(config, ln1(layer), { last: false });
    yield attention(config, layer);
    yield residPost(layer);
  }
  yield layerNorm(config, { name: 'ln_final', native: 'ln_out', bridge: 'ln_final' }, { last: true });
  yield unembedding(config);
}

const ln1 = (layer: number): { name: string; native: string; bridge: string } => ({
  name: `blocks.${layer}.ln1`,
  native: `layers.${layer}.ln1`,
  bridge: `blocks.${layer}.ln1`,
});
