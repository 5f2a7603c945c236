// A model's weights under the names of its definition, for who puts a model together from parts.
import type { Tensor } from '../engine/tensor.ts';
import type { ModelConfig } from './config.ts';
import type { Parameters } from './parameters.ts';

/** The weights of a layer, by their names in the literature. */
export interface LayerWeights {
  readonly lnGain: Tensor | null;
  readonly lnBias: Tensor | null;
  readonly W_Q: Tensor;
  readonly W_K: Tensor;
  readonly W_V: Tensor;
  readonly W_O: Tensor;
  readonly b_Q: Tensor | null;
  readonly b_K: Tensor | null;
  readonly b_V: Tensor | null;
  readonly b_O: Tensor | null;
}

/** What a model does not have is null. */
export interface PartWeights {
  readonly W_E: Tensor;
  readonly W_pos: Tensor | null;
  readonly blocks: readonly LayerWeights[];
  readonly finalGain: Tensor | null;
  readonly finalBias: Tensor | null;
  readonly W_U: Tensor | null;
  readonly b_U: Tensor | null;
}

export function partWeights(config: ModelConfig, parameters: Parameters): PartWeights {
  const byName = new Map(parameters.all.map((tensor) => [tensor.name, tensor]));
  const find = (name: string): Tensor | null => byName.get(name) ?? null;
  return {
    W_E: parameters.named('embed.W_E'),
    W_pos: find('pos_embed.W_pos'),
    blocks: Array.from({ length: config.nLayers }, (_, layer): LayerWeights => {
      const matrix = (name: string): Tensor => parameters.named(`blocks.${layer}.attn.${name}`);
      const vector = (name: string): Tensor | null => find(`blocks.${layer}.${name}`);
      return {
        ...{ lnGain: vector('ln1.w'), lnBias: vector('ln1.b') },
        ...{ W_Q: matrix('W_Q'), W_K: matrix('W_K'), W_V: matrix('W_V'), W_O: matrix('W_O') },
        ...{ b_Q: vector('attn.b_Q'), b_K: vector('attn.b_K'), b_V: vector('attn.b_V'), b_O: vector('attn.b_O') },
      };
    }),
    finalGain: find('ln_final.w'),
    finalBias: find('ln_final.b'),
    W_U: find('unembed.W_U'),
    b_U: find('unembed.b_U'),
  };
}
