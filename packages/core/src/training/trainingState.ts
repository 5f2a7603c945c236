import type { NamedWeights } from '../model/parameters.ts';

/** Everything needed to go on later with the same bits: weights and AdamW's moments after `step` steps. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  /** The seed of the run. */
  readonly seed: number;
  readonly weights: NamedWeights;
  readonly m: NamedWeights;
  readonly v: NamedWeights;
}
