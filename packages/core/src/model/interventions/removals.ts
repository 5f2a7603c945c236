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
    const step = (shape[2] as number) * width;
    if (sum.length === 0) sum = new Float64Array((data.length / step) * width);
    const instead = replacement(result, { layer, head }, replacing);
    for (let at = head * width, to = 0, row = 0; to < sum.length; at += step, to += width, row++) {
      if (instead === null) for (let i = 0; i < width; i++) sum[to + i]! += data[at + i]!;
      else {
        const { values, from, size } = instead;
        const there = from + row * instead.step;
        for (let i = 0; i < size; i++) sum[to + i]! += data[at + i]! - values[there + i]!;
      }
    }
  }
  return sum;
}

/** What stands in a head's place: `size` numbers a row, from `from` on and `step` apart. Beyond them there is padding, zeros. */
interface Instead {
  readonly values: ArrayLike<number>;
  readonly from: number;
  readonly step: number;
  readonly size: number;
}

/** Null for nothing. */
function replacement(
  result: Tensor,
  { layer, head }: HeadIndex,
  { by, clean, slice, resultMeans = new Map() }: Replacing,
): Instead | null {
  if (by === 'zero') return null;
  const { shape, width, data } = result;
  const [batch, positions, heads, size] = shape as [number, number, number, number];
  if (by === 'mean') {
    const known = resultMeans.get(`${layer}.${head}`);
    const mean = known ?? new Float64Array(width);
    if (!known) addToMean(mean, result, head, data.length / (heads * width));
    return { values: mean, from: 0, step: 0, size: width };
  }
  const place = slice ?? { first: 0, batch };
  const { data: values } = cleanActivation('removeFromInput', result, { clean, slice: place });
  return { values, from: (place.first * positions * heads + head) * size, step: heads * size, size };
}

/** input[:, :, head, :] −= share · (removed − mean) */
export function takeOut(
  input: Tensor,
  { head, share, mean = [] }: { head: number; share: number; mean?: readonly number[] },
  removed: Float64Array,
): void {
  const { data, shape, width } = input;
  const step = (shape[2] as number) * width;
  const left = new Float64Array(width);
  left.set(mean);
  for (let from = 0, to = head * width; from < removed.length; from += width, to += step)
    for (let i = 0; i < width; i++) data[to + i]! -= share * (removed[from + i]! - left[i]!);
}
