// A model in a file, before its weights are read: config, names and shapes have been compared, and no weight is in memory yet.
import { type ModelConfig, modelConfig } from '../config.ts';
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

/**
 * Fills a model that has this config, a weight at a time: memory holds the model and one tensor. `onProgress` is told how many weights it
 * has by then.
 */
export function readInto(
  model: { setWeights(weights: NamedWeights): void },
  { config, weights }: OpenedModel,
  onProgress: (done: number, total: number) => void = () => {},
): void {
  const total = [...weightsOf(config)].length;
  let done = 0;
  for (const [name, tensor] of weights()) {
    model.setWeights({ [name]: tensor });
    onProgress(++done, total);
  }
}

/** The same model with a shorter context: of a table of positions the first rows remain. Throws a RangeError for a longer one. */
export function withContext(opened: OpenedModel, nCtx: number): OpenedModel {
  const { config } = opened;
  if (nCtx > config.nCtx)
    throw new RangeError(`withContext: the model has ${config.nCtx} positions, and cannot be given ${nCtx}.`);
  return {
    ...opened,
    config: modelConfig({ ...config, nCtx }),
    *weights(wanted) {
      for (const [name, tensor] of opened.weights(wanted))
        yield name === 'pos_embed.W_pos'
          ? [name, { shape: [nCtx, config.dModel], data: tensor.data.subarray(0, nCtx * config.dModel) }]
          : [name, tensor];
    },
  };
}
