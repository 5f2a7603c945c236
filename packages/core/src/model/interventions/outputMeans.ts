// Means over a batch of what parts write: what a removal by mean leaves in an input in place of an output.
import type { Tensor } from '../../engine/tensor.ts';
import { isMlp, type PartIndex } from '../partIndex.ts';

/** Mean of a part's output over sequences and positions, by the part's label: of a batch that runs in slices. */
export type OutputMeans = ReadonlyMap<string, Float64Array>;

/** A part's rows in what its layer has written: which of so many in a row. */
export const rowsOf = (part: PartIndex, { shape }: Pick<Tensor, 'shape'>): { count: number; index: number } =>
  isMlp(part) ? { count: 1, index: 0 } : { count: shape[2] as number, index: part.head };

/** Adds a part's share of a mean over `rows` rows. */
export function addToMean(mean: Float64Array, output: Tensor, part: PartIndex, rows: number): void {
  const { data, width } = output;
  const { count, index } = rowsOf(part, output);
  for (let row = 0; row < data.length / (count * width); row++)
    for (let i = 0; i < width; i++) mean[i]! += data[(row * count + index) * width + i]! / rows;
}
