// A model in a file, before its weights are read: config, names and shapes have been compared, and no weight is in memory yet.
import type { ModelConfig } from '../config.ts';
import { type NamedWeights, weightsOf } from '../parameters.ts';
import type { StoredTensor } from './safetensors.ts';

/** Whether a weight is wanted, by its name. */
export type Wanted = (name: string) => boolean;

export interface OpenedModel {
  readonly config: ModelConfig;
  /** Text that the file holds beside its tensors. */
  readonly metadata: Record<string, string>;
  /** Every weight, or those wanted, each read when its turn comes. Throws a FileFormatError for one that is not finite. */
  readonly weights: (wanted?: Wanted) => Iterable<readonly [name: string, tensor: StoredTensor]>;
}

/** All weights at once, in the order of the model. */
export function allWeights({ config, weights }: OpenedModel): NamedWeights {
  const read = new Map(weights());
  return Object.fromEntries([...weightsOf(config)].map(({ name }) => [name, read.get(name) as StoredTensor]));
}

/** Fills a model that has this config, a weight at a time: memory holds the model and one tensor. */
export function readInto(model: { setWeights(weights: NamedWeights): void }, { weights }: OpenedModel): void {
  for (const [name, tensor] of weights()) model.setWeights({ [name]: tensor });
}
