// What a component says of one of its weights: name, layout, how it begins, and how files hold it. Memory, initial weights,
// the parameter count and checkpoints follow from it.
import { type Layout, padded } from '../../engine/tensor.ts';

/**
 * How PyTorch's modules, and so TransformerLens 4, hold a weight: as it is here; transposed; heads joined and each
 * [out, in] (`headInputs`); heads joined and the whole [out, in] (`headOutputs`); heads joined (`headVectors`).
 */
export type StoredAs = 'same' | 'transposed' | 'headInputs' | 'headOutputs' | 'headVectors';

export interface Weight {
  /** TransformerLens's legacy name. */
  readonly name: string;
  /** Its names in TransformerLens 4: native, and in the state_dict() of its bridge. */
  readonly native: string;
  readonly bridge: string;
  readonly storedAs: StoredAs;
  readonly layout: Layout;
  /** How it begins: random normal numbers, one number everywhere, or a table. */
  readonly start: 'random' | 0 | 1 | (() => Float64Array);
  /** Whether training changes it. */
  readonly learned: boolean;
  /** What a file that lacks it means: biases are zeros, gains and shifts may be folded into other weights; else a fault. */
  readonly absent: 'zeros' | 'folded' | null;
}

export type WeightName = Pick<Weight, 'name' | 'native' | 'bridge'>;

/** Sizes of heads. */
interface Heads {
  readonly nHeads: number;
  readonly dHead: number;
  readonly dModel: number;
}

const learnedMatrix = { start: 'random', learned: true, absent: null } as const;
const bias = { start: 0, learned: true, absent: 'zeros' } as const;

/** A row for each token or position: [rows, size]. */
export const table = (names: WeightName, rows: number, size: number): Weight => ({
  ...names,
  ...learnedMatrix,
  storedAs: 'same',
  layout: { rows, width: padded(size), shape: [rows, size], strides: [padded(size), 1] },
});

/** [inputs, outputs] */
export const matrix = (names: WeightName, inputs: number, outputs: number): Weight => ({
  ...table(names, inputs, outputs),
  storedAs: 'transposed',
});

/** [size], zeros at first. */
export const biasVector = (names: WeightName, size: number): Weight => ({
  ...names,
  ...bias,
  storedAs: 'same',
  layout: { rows: 1, width: padded(size), shape: [size], strides: [1] },
});

/** [size] of a normalisation: a gain begins at 1, a shift at 0. */
export const normVector = (names: WeightName, size: number, start: 0 | 1): Weight => ({
  ...biasVector(names, size),
  start,
  absent: 'folded',
});

/** [head, dModel, dHead]. Row i of a [dModel, heads × dHead] matrix holds W[head, i, :] of all heads: one product serves all. */
export function headInputs(names: WeightName, { nHeads, dHead, dModel }: Heads): Weight {
  const c = padded(dHead);
  const width = nHeads * c;
  const layout = { rows: dModel, width, shape: [nHeads, dModel, dHead], strides: [c, width, 1] };
  return { ...names, ...learnedMatrix, storedAs: 'headInputs', layout };
}

/** [head, dHead, dModel] */
export function headOutputs(names: WeightName, { nHeads, dHead, dModel }: Heads): Weight {
  const [c, d] = [padded(dHead), padded(dModel)];
  const layout = { rows: nHeads * c, width: d, shape: [nHeads, dHead, dModel], strides: [c * d, d, 1] };
  return { ...names, ...learnedMatrix, storedAs: 'headOutputs', layout };
}

/** [head, dHead], zeros at first. */
export function headBias(names: WeightName, { nHeads, dHead }: Heads): Weight {
  const c = padded(dHead);
  const layout = { rows: 1, width: nHeads * c, shape: [nHeads, dHead], strides: [c, 1] };
  return { ...names, ...bias, storedAs: 'headVectors', layout };
}
