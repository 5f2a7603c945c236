// What an edge carries beyond what takes its place: earlier heads' outputs, taken out of one head's input.
import type { Tensor } from '../../engine/tensor.ts';
import type { ActivationCache } from '../activationCache.ts';
import type { HeadIndex } from '../heads.ts';
import type { Replacement } from './interventions.ts';
import { cleanActivation, type Slice } from './places.ts';
import { addToMean, type ResultMeans } from './resultMeans.ts';

interface Replacing {
  readonly by: Replacement;
  /** That layer's hook_result of the same run. */
  readonly resultOf: (layer: number) => Tensor;
  readonly clean: ActivationCache;
  readonly slice?: Slice;
  /** Of a batch that runs in slices; else a mean is that of `resultOf`. */
  readonly resultMeans?: ResultMeans;
}

/** Σ over sources of result[:, :, source, :] less what takes its place: [batch · pos, padded dModel]. */
export function sumOfDeviations(sources: readonly HeadIndex[], replacing: Replacing): Float64Array {
  let sum = new Float64Array(0);
  for (const { layer, head } of sources) {
    const result = replacing.resultOf(layer);
    const { data, shape, width } = result;
    const heads = shape[2] as number;
    const rows = data.length / (heads * width);
    if (sum.length === 0) sum = new Float64Array(rows * width);
    const instead = replacement(result, { layer, head }, replacing);
    for (let row = 0; row < rows; row++) {
      const at = (row * heads + head) * width;
      if (instead === null) for (let i = 0; i < width; i++) sum[row * width + i]! += data[at + i]!;
      else for (let i = 0; i < width; i++) sum[row * width + i]! += data[at + i]! - instead(row, i);
    }
  }
  return sum;
}

/** What stands there instead, by row and entry; null for nothing. */
function replacement(
  result: Tensor,
  { layer, head }: HeadIndex,
  { by, clean, slice, resultMeans = new Map() }: Replacing,
): ((row: number, i: number) => number) | null {
  if (by === 'zero') return null;
  const { shape, width, data } = result;
  const [batch, positions, heads, size] = shape as [number, number, number, number];
  if (by === 'mean') {
    const known = resultMeans.get(`${layer}.${head}`);
    const mean = known ?? new Float64Array(width);
    if (!known) addToMean(mean, result, head, data.length / (heads * width));
    return (_, i) => mean[i]!;
  }
  const place = slice ?? { first: 0, batch };
  const other = cleanActivation('removeFromInput', result, { clean, slice: place }).data;
  const first = place.first * positions;
  return (row, i) => (i < size ? other[((first + row) * heads + head) * size + i]! : 0);
}

/** input[:, :, head, :] −= share · (removed − mean) */
export function takeOut(
  input: Tensor,
  { head, share, mean = [] }: { head: number; share: number; mean?: readonly number[] },
  removed: Float64Array,
): void {
  const { data, shape, width } = input;
  const heads = shape[2] as number;
  for (let row = 0; row < removed.length / width; row++) {
    const to = (row * heads + head) * width;
    for (let i = 0; i < width; i++) data[to + i]! -= share * (removed[row * width + i]! - (mean[i] ?? 0));
  }
}
