// The four matrices of one head where they lie in the parameters.
import { padded, type Tensor } from '../engine/tensor.ts';
import type { ModelConfig } from '../model/config.ts';
import { headWeight } from '../model/heads.ts';
import type { Parameters } from '../model/parameters.ts';

/** W_Q, W_K, W_V and W_O of a head, in this order: views, padding included. */
export function headMatrices(
  config: ModelConfig,
  weights: Parameters,
  { layer, head }: { layer: number; head: number },
): Tensor[] {
  const c = padded(config.dHead);
  const inputs = (['Q', 'K', 'V'] as const).map((part) => {
    const { name, index } = headWeight(config, { layer, head }, part);
    return weights.named(name).columns(index * c, c);
  });
  return [...inputs, weights.named(`blocks.${layer}.attn.W_O`).rowRange(head * c, c)];
}

/** Visits the rows of a view of a matrix; writing to a row changes the matrix. */
export function eachRow(matrix: Tensor, visit: (row: Tensor['data']) => void): void {
  const { data, rows, stride, width } = matrix;
  for (let row = 0; row < rows; row++) visit(data.subarray(row * stride, row * stride + width));
}
