// Tensors under the names that others gave them: which of our weights each holds, and how.

/** A tensor of a file, and the weights that it holds. */
export interface HeldTensor {
  readonly name: string;
  readonly weights: readonly HeldWeight[];
  /** It may be missing, and its weights are as a model begins then: biases 0. */
  readonly optional?: true;
}

export interface HeldWeight {
  /** Ours. */
  readonly name: string;
  readonly as: Arrangement;
}

/**
 * `linear`: as PyTorch's Linear and Embedding hold it, [out, in]; `asIs`: in our own order, as GPT-2's Conv1D does;
 * `columns`: one of three blocks of columns (GPT-2's joint Q, K, V); `rows`: one of three rows of heads (GPT-NeoX's);
 * `block`: one of three blocks of rows; `ours`: in our own shape and order; `turned`: so, but transposed.
 */
export type Arrangement =
  | 'linear'
  | 'asIs'
  | 'ours'
  | 'turned'
  | { readonly columns: number }
  | { readonly rows: number }
  | { readonly block: number };

const whole = (name: string, weight: string, as: Arrangement): HeldTensor => ({
  name,
  weights: [{ name: weight, as }],
});

/** A Linear, an Embedding or a vector. */
export const linear = (name: string, weight: string): HeldTensor => whole(name, weight, 'linear');
/** A Conv1D. */
export const asIs = (name: string, weight: string): HeldTensor => whole(name, weight, 'asIs');
/** A weight of ours under its own name. */
export const own = (name: string): HeldTensor => whole(name, name, 'ours');
/** A matrix of ours, transposed. */
export const turned = (name: string, weight: string): HeldTensor => whole(name, weight, 'turned');

/** A tensor that a file may do without. */
export const optional = (tensor: HeldTensor): HeldTensor => ({ ...tensor, optional: true });

/** Weight and bias of a LayerNorm that ours call `place`, maybe several at once. */
export const norm = (name: string, ...places: readonly string[]): HeldTensor[] =>
  (['weight', 'bias'] as const).map((part) => ({
    name: `${name}.${part}`,
    weights: places.map((place) => ({ name: `${place}.${part === 'weight' ? 'w' : 'b'}`, as: 'linear' })),
  }));

/** Q, K and V of a layer in one tensor, and their biases in another. */
export const jointQKV = (name: string, layer: number, arrangement: (which: number) => Arrangement): HeldTensor[] =>
  (['weight', 'bias'] as const).map((part) => ({
    name: `${name}.${part}`,
    weights: (['Q', 'K', 'V'] as const).map((letter, which) => ({
      name: `blocks.${layer}.attn.${part === 'weight' ? 'W' : 'b'}_${letter}`,
      as: arrangement(which),
    })),
  }));
