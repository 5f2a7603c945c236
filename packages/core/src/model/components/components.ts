// The model as a list: the components of a transformer in the order in which they compute. A new part of the model is a
// file beside this one and a line here.
import type { ModelConfig } from '../config.ts';
import { attention } from './attention.ts';
import type { Component } from './component.ts';
import { embedding } from './embedding.ts';
import { layerNorm } from './layerNorm.ts';
import { residPost, residPre } from './residualStream.ts';
import { unembedding } from './unembedding.ts';

export const components = (config: ModelConfig): readonly Component[] => [
  embedding(config),
  ...Array.from({ length: config.nLayers }, (_, layer) => layerOf(config, layer)).flat(),
  layerNorm(config, { name: 'ln_final', native: 'ln_out', bridge: 'ln_final' }, { last: true }),
  unembedding(config),
];

const layerOf = (config: ModelConfig, layer: number): Component[] => [
  residPre(layer),
  layerNorm(config, ln1(layer), { last: false }),
  attention(config, layer),
  residPost(layer),
];

const ln1 = (layer: number): { name: string; native: string; bridge: string } => ({
  name: `blocks.${layer}.ln1`,
  native: `layers.${layer}.ln1`,
  bridge: `blocks.${layer}.ln1`,
});
