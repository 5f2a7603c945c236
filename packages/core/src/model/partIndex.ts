// The parts of a layer that read from the residual stream and write into it: heads, and MLPs, each a part of its own.
import type { ModelConfig } from './config.ts';
import { checkHead, type HeadIndex, headLabel, headsOf } from './heads.ts';

/** A layer's MLP. */
export interface MlpIndex {
  readonly layer: number;
  readonly mlp: true;
}

export type PartIndex = HeadIndex | MlpIndex;

export const isMlp = (part: PartIndex): part is MlpIndex => 'mlp' in part;

/** L0H3, or L0MLP. */
export const partLabel = (part: PartIndex): string =>
  isMlp(part) ? `L${part.layer}MLP` : headLabel(part.layer, part.head);

export const samePart = (a: PartIndex, b: PartIndex): boolean => partLabel(a) === partLabel(b);

/** A layer's parts: its heads, then its MLP. */
export const partsOf = (config: ModelConfig, layer: number): PartIndex[] => [
  ...headsOf(config, layer),
  ...(config.dMlp === undefined ? [] : [{ layer, mlp: true } as const]),
];

export const allParts = (config: ModelConfig): PartIndex[] =>
  Array.from({ length: config.nLayers }, (_, layer) => partsOf(config, layer)).flat();

/** Whether a part reads what another one writes: of an earlier layer, or a head before the MLP of its own. */
export const readsFrom = (config: ModelConfig, target: PartIndex, source: PartIndex): boolean =>
  source.layer < target.layer ||
  (source.layer === target.layer && isMlp(target) && !isMlp(source) && !config.parallelAttnMlp);

/** All that a part reads from, first layer first. */
export const earlierParts = (config: ModelConfig, target: PartIndex): PartIndex[] =>
  allParts(config).filter((source) => readsFrom(config, target, source));

/** What a part writes: [batch, pos, head, dModel] of all heads of the layer, or [batch, pos, dModel]. */
export const outputHook = (part: PartIndex): string =>
  isMlp(part) ? `blocks.${part.layer}.hook_mlp_out` : `blocks.${part.layer}.attn.hook_result`;

/** Throws an Error for a part that the model does not have. */
export function checkPart(config: ModelConfig, part: PartIndex, caller: string): void {
  if (!isMlp(part)) checkHead(config, part, caller);
  else if (
    config.dMlp === undefined ||
    !(Number.isInteger(part.layer) && part.layer >= 0 && part.layer < config.nLayers)
  )
    throw new Error(
      `${caller}: there is no ${partLabel(part)}; ${config.dMlp === undefined ? 'this model has no MLPs' : `this model has L0MLP to L${config.nLayers - 1}MLP`}.`,
    );
}
