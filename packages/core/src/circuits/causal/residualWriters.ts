// What writes into the residual stream.

import type { ModelConfig } from '../../model/config.ts';
import { headLabel, headsOf } from '../../model/heads.ts';

/** A part whose output is added to the residual stream. */
export interface ResidualWriter {
  readonly part: string;
  /** Of a head; null for the rest. */
  readonly layer: number | null;
  readonly head: number | null;
  /** Null for what does not depend on the tokens: the biases. */
  readonly hook: string | null;
}

/** All of them, each layer's heads before its MLP. Shortformer and rotary positions do not. */
export function residualWriters(config: ModelConfig): ResidualWriter[] {
  const none = { layer: null, head: null };
  const positions = config.positions === 'standard' || config.positions === 'sinusoidal';
  const biases = config.biases || config.normalization === 'LN';
  return [
    { part: 'embedding', hook: 'hook_embed', ...none },
    ...(positions ? [{ part: 'positions', hook: 'hook_pos_embed', ...none }] : []),
    ...Array.from({ length: config.nLayers }, (_, layer) => [
      ...headsOf(config, layer).map(({ head }) => ({
        part: headLabel(layer, head),
        layer,
        head,
        hook: `blocks.${layer}.attn.hook_result`,
      })),
      ...(config.dMlp === undefined ? [] : [{ part: `L${layer}MLP`, hook: `blocks.${layer}.hook_mlp_out`, ...none }]),
    ]).flat(),
    ...(biases ? [{ part: 'biases', hook: null, ...none }] : []),
  ];
}
