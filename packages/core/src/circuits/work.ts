// What a model's passes cost, about: how much can be measured of a large one.
import type { ModelConfig } from '../model/config.ts';

/** Floating-point operations of a token in a sequence as long as the context. */
export const workPerToken = ({ nLayers, nHeads, dModel, dHead, dVocab, nCtx, dMlp = 0 }: ModelConfig): number =>
  2 * (nLayers * (nHeads * (4 * dModel * dHead + nCtx * dHead) + 2 * dModel * dMlp) + dModel * dVocab);

/** Of a whole context. */
export const workPerSequence = (config: ModelConfig): number => config.nCtx * workPerToken(config);
