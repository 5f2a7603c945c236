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
  /** Tensors of those that a config says are not there; their weights are 0. */
  readonly without?: (fields: FieldReader) => RegExp | null;
  /** The class of transformers that runs it. */
  readonly architecture: string;
  /** What the family's config says of one of our models, beside its type. */
  readonly config: (config: ModelConfig) => Readonly<Record<string, unknown>>;
  /** A part of the model for which the family has no place, in words, or null. */
  readonly lacks: (config: ModelConfig) => string | null;
}

/** The first part that is there. */
export const firstOf = (parts: Readonly<Record<string, boolean | undefined>>): string | null =>
  Object.keys(parts).find((part) => parts[part]) ?? null;

type AttentionPart = 'scaled' | 'sized' | 'grouped' | 'stretched' | 'normed';

/** Parts of attention that some families lack, each in words and whether the model has it. */
export const attentionParts = (config: ModelConfig): Record<AttentionPart, Record<string, boolean>> => {
  const { nHeads, dHead, dModel, attnScale, nKeyValueHeads, rotaryScaling, qkNorm } = config;
  return {
    scaled: { [`attention scores divided by ${attnScale}`]: Math.abs(attnScale - Math.sqrt(dHead)) > 1e-6 * attnScale },
    sized: { [`${nHeads} heads of ${dHead} in a stream of ${dModel}`]: nHeads * dHead !== dModel },
    grouped: { 'shared keys and values': nKeyValueHeads !== undefined },
    normed: { 'a norm of queries and keys': qkNorm === true },
    stretched: { 'scaled rotary positions': rotaryScaling !== undefined },
  };
};
