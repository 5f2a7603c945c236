// What is said of a family of models on the Hugging Face hub: its config, and which tensors hold which weights.
import type { ModelConfig, ModelOptions } from '../../config.ts';
import type { FieldReader } from '../configFields.ts';
import type { HeldTensor } from '../heldTensor.ts';

export interface Family {
  /** `model_type` in its configs. */
  readonly modelTypes: readonly string[];
  /** What may stand before the names of all its tensors. */
  readonly prefix: string;
  /** Throws a FileFormatError for what the family can and induction-lab cannot. */
  readonly options: (fields: FieldReader) => ModelOptions;
  /** Of one layer, and of what lies outside of layers. Names without the prefix, but for the head's. */
  readonly layer: (layer: number, config: ModelConfig) => readonly HeldTensor[];
  readonly outside: (config: ModelConfig) => readonly HeldTensor[];
}
