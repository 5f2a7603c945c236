// Three spellings of the same weights: TransformerLens's legacy names, the native names of TransformerLens 4, and those of
// its bridge's state_dict(). The last two keep matrices as PyTorch does, [out, in], heads joined. Which weight is called
// what, and how it is stored, its component declares.
import type { Weight } from '../components/weight.ts';
import { type ModelConfig, modelConfig, POSITIONS } from '../config.ts';
import { weightsOf } from '../parameters.ts';

/** `legacy`: blocks.0.attn.W_Q; `native`: layers.0.attn.q.weight; `bridge`: blocks.0.attn.q.weight. */
export type Spelling = 'legacy' | 'native' | 'bridge';

/** A tensor's legacy name, the spelling that it was found in, and what its absence means where it is a weight of some model. */
export interface LegacyName {
  readonly name: string;
  readonly spelling: Spelling;
  readonly absent: Weight['absent'];
}

const SMALLEST = { nLayers: 1, nHeads: 1, dModel: 2, dHead: 2, nCtx: 1, dVocab: 2 };

/** What names depend on, taken together: all parts at once, and heads that share keys and values. */
const VARIANTS: readonly Partial<ModelConfig>[] = [
  { nHeads: 2, nKeyValueHeads: 1 }, // before those whose names TransformerLens 4 shares
  { dMlp: 1 },
  ...POSITIONS.map((positions) => ({ positions, normalization: 'LN', qkNorm: true, dMlp: 1, gatedMlp: true }) as const),
];

/** By each spelling of its first layer, every weight that a model may have: names do not depend on sizes. */
const KNOWN: ReadonlyMap<string, LegacyName> = new Map(
  VARIANTS.flatMap((variant) =>
    [...weightsOf(modelConfig({ ...SMALLEST, biases: true, ...variant }))].flatMap((weight) => {
      const { name, native, bridge, absent } = weight;
      const known = (spelling: Spelling): LegacyName => ({ name, spelling, absent });
      return [
        [name, known('legacy')],
        [native, known('native')],
        [bridge, known('bridge')],
      ] as const;
    }),
  ),
);

/** What TransformerLens 4's bridge puts into the names of the modules that it wraps. */
const WRAPPED = '_original_component.';

/** Whether a name is that of a module inside TransformerLens 4's bridge, where weights stand under several names. */
export const isWrapped = (name: string): boolean => name.includes(WRAPPED);

/** What a tensor is called in legacy names; names of no other spelling are legacy ones. */
export function legacyName(wrapped: string): LegacyName {
  const name = wrapped.replaceAll(WRAPPED, '');
  const layer = /^(?:layers|blocks)\.(\d+)\./.exec(name)?.[1];
  const known = KNOWN.get(layer === undefined ? name : name.replace(/\.\d+\./, '.0.'));
  if (!known) return { name, spelling: 'legacy', absent: null };
  return layer === undefined ? known : { ...known, name: known.name.replace(/\.0\./, `.${layer}.`) };
}

/** A weight's shape in a file of that spelling. */
export function storedShape({ storedAs, layout }: Weight, spelling: Spelling): readonly number[] {
  const { shape } = layout;
  if (spelling === 'legacy') return shape;
  const [a, b, c] = shape as [number, number, number];
  if (storedAs === 'headInputs') return [a * c, b];
  if (storedAs === 'headOutputs') return [c, a * b];
  if (storedAs === 'transposed') return [b, a];
  if (storedAs === 'headVectors') return [a * b];
  return shape;
}

/** The elements as the legacy shape wants them, from a file's in `storedShape`. */
export function toLegacyOrder(
  data: Float32Array,
  { weight, spelling }: { weight: Weight; spelling: Spelling },
): Float32Array {
  const { storedAs } = weight;
  if (spelling === 'legacy' || storedAs === 'same' || storedAs === 'headVectors') return data;
  if (storedAs !== 'headInputs') return transposed({ shape: storedShape(weight, spelling), data }).data;
  const [heads, dModel, dHead] = weight.layout.shape as [number, number, number];
  const out = new Float32Array(data.length);
  const size = dHead * dModel;
  for (let head = 0; head < heads; head++) {
    const part = data.subarray(head * size, (head + 1) * size);
    out.set(transposed({ shape: [dHead, dModel], data: part }).data, head * size);
  }
  return out;
}

/** The way back: a weight's elements in our order, as `storedShape` has them. */
export function fromLegacyOrder(
  data: Float32Array,
  { weight, spelling }: { weight: Weight; spelling: Spelling },
): Float32Array {
  const { storedAs, layout } = weight;
  if (spelling === 'legacy' || storedAs === 'same' || storedAs === 'headVectors') return data;
  const [a, b, c] = layout.shape as [number, number, number];
  if (storedAs === 'transposed') return transposed({ shape: [a, b], data }).data;
  if (storedAs === 'headOutputs') return transposed({ shape: [a * b, c], data }).data;
  const out = new Float32Array(data.length);
  for (let head = 0; head < a; head++) {
    const part = data.subarray(head * b * c, (head + 1) * b * c);
    out.set(transposed({ shape: [b, c], data: part }).data, head * b * c);
  }
  return out;
}

/** Transposes a matrix. */
export function transposed({ shape, data }: { readonly shape: readonly number[]; readonly data: ArrayLike<number> }): {
  readonly shape: readonly number[];
  readonly data: Float32Array;
} {
  const [rows, columns] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let top = 0; top < rows; top += TILE)
    for (let left = 0; left < columns; left += TILE) {
      const [bottom, right] = [Math.min(rows, top + TILE), Math.min(columns, left + TILE)];
      for (let j = left; j < right; j++)
        for (let i = top; i < bottom; i++) out[j * rows + i] = data[i * columns + j] as number;
    }
  return { shape: [columns, rows], data: out };
}

/** Rows and columns that are turned at a time, so that both sides stay in the cache. */
const TILE = 32;
