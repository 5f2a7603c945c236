// What writes into the residual stream.

import type { ModelConfig } from '../../model/config.ts';
import { allHeads, headLabel } from '../../model/heads.ts';

/** A part whose output is added to the residual stream. */
export interface ResidualWriter {
  readonly part: string;
  readonly layer: number | null;
  readonly head: number | null;
  /** Null for what does not depend on the tokens: the biases. */
  readonly hook: string | null;
}

/** All of them in the order of the program. Shortformer and rotary positions do not. */
export function residualWriters(config: ModelConfig): ResidualWriter[] {
  const none = { layer: null, head: null };
  const positions = config.positions === 'standard' || config.positions === 'sinusoidal';
  const biases = config.biases || config.normalization === 'LN';
  return [
    { part: 'embedding', hook: 'hook_embed', ...none },
    ...(positions ? [{ part: 'positions', hook: 'hook_pos_embed', ...none }] : []),
    ...allHeads(config).map(({ layer, head }) => ({
      part: headLabel(layer, head),
      layer,
      head,
      hook: `blocks.${layer}.attn.hook_result`,
    })),
    ...(biases ? [{ part: 'biases', hook: null, ...none }] : []),
  ];
}
