// Means of heads' results over a batch: what a removal by mean leaves in an input in place of a head's output.
import type { Tensor } from '../../engine/tensor.ts';

/** Mean of a head's result over sequences and positions, by `layer.head`: of a batch that runs in slices. */
export type ResultMeans = ReadonlyMap<string, Float64Array>;

/** Adds a head's share of a mean over `rows` rows: of result[:, :, head, :]. */
export function addToMean(mean: Float64Array, { data, shape, width }: Tensor, head: number, rows: number): void {
  const step = (shape[2] as number) * width;
  for (let at = head * width; at < data.length; at += step)
    for (let i = 0; i < width; i++) mean[i]! += data[at + i]! / rows;
}

/** Room for the means of a layer's heads. */
export const blankMeans = (layer: number, { shape, width }: Tensor): [string, Float64Array][] =>
  Array.from({ length: shape[2] as number }, (_, head) => [`${layer}.${head}`, new Float64Array(width)]);
