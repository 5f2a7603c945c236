// What is said of a family of models on the Hugging Face hub: its config, and which tensors hold which weights.
import type { ModelConfig, ModelOptions } from '../../config.ts';
import type { FieldReader } from '../configFields.ts';

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

/** A tensor of a file, and the weights that it holds. */
export interface HeldTensor {
  readonly name: string;
  readonly weights: readonly HeldWeight[];
}

export interface HeldWeight {
  /** Ours. */
  readonly name: string;
  /**
   * `linear`: as PyTorch's Linear and Embedding hold it, [out, in]; `asIs`: in our own order, as GPT-2's Conv1D does;
   * `columns`: one of three blocks of columns (GPT-2's joint Q, K, V); `rows`: one of three rows of heads (GPT-NeoX's).
   */
  readonly as: 'linear' | 'asIs' | { readonly columns: number } | { readonly rows: number };
}

const whole = (name: string, weight: string, as: HeldWeight['as']): HeldTensor => ({
  name,
  weights: [{ name: weight, as }],
});

/** A Linear, an Embedding or a vector. */
export const linear = (name: string, weight: string): HeldTensor => whole(name, weight, 'linear');
/** A Conv1D. */
export const asIs = (name: string, weight: string): HeldTensor => whole(name, weight, 'asIs');

/** Weight and bias of a LayerNorm that ours call `place`, maybe several at once. */
export const norm = (name: string, ...places: readonly string[]): HeldTensor[] =>
  (['weight', 'bias'] as const).map((part) => ({
    name: `${name}.${part}`,
    weights: places.map((place) => ({ name: `${place}.${part === 'weight' ? 'w' : 'b'}`, as: 'linear' })),
  }));
