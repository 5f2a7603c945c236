// What an edge carries beyond what takes its place: earlier parts' outputs, taken out of one input.
import type { Tensor } from '../../engine/tensor.ts';
import type { ActivationCache } from '../activationCache.ts';
import { type PartIndex, partLabel } from '../partIndex.ts';
import type { Replacement } from './interventions.ts';
import { addToMean, type OutputMeans, rowsOf } from './outputMeans.ts';
import { cleanActivation, type Slice } from './places.ts';

interface Replacing {
  readonly by: Replacement;
  /** What a part has written in the same run. */
  readonly outputOf: (part: PartIndex) => Tensor;
  readonly clean: ActivationCache;
  readonly slice?: Slice;
  /** Of a batch that runs in slices; else a mean is that of `outputOf`. */
  readonly outputMeans?: OutputMeans;
}

/** Σ over sources of what they write less what takes its place: [batch · pos, padded dModel]. */
export function sumOfDeviations(sources: readonly PartIndex[], replacing: Replacing): Float64Array {
  let sum = new Float64Array(0);
  for (const source of sources) {
    const output = replacing.outputOf(source);
    const { data, width } = output;
    const { count, index } = rowsOf(source, output);
    const step = count * width;
    if (sum.length === 0) sum = new Float64Array((data.length / step) * width);
    const instead = replacement(output, source, replacing);
    for (let at = index * width, to = 0, row = 0; to < sum.length; at += step, to += width, row++) {
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
  output: Tensor,
  source: PartIndex,
  { by, clean, slice, outputMeans = new Map() }: Replacing,
): Instead | null {
  if (by === 'zero') return null;
  const { shape, width, data } = output;
  const { count, index } = rowsOf(source, output);
  if (by === 'mean') {
    const known = outputMeans.get(partLabel(source));
    const mean = known ?? new Float64Array(width);
    if (!known) addToMean(mean, output, source, data.length / (count * width));
    return { values: mean, from: 0, step: 0, size: width };
  }
  const [batch, positions] = shape as [number, number];
  const size = shape.at(-1) as number;
  const place = slice ?? { first: 0, batch };
  const { data: values } = cleanActivation('removeFromInput', output, { clean, slice: place });
  return { values, from: (place.first * positions * count + index) * size, step: count * size, size };
}

/** input[:, :, head, :], or input[:, :, :] of an MLP, −= share · (removed − mean) */
export function takeOut(
  input: Tensor,
  { head, share, mean = [] }: { head: number; share: number; mean?: readonly number[] },
  removed: Float64Array,
): void {
  const { data, shape, width } = input;
  const step = (shape.length === 4 ? (shape[2] as number) : 1) * width;
  const left = new Float64Array(width);
  left.set(mean);
  for (let from = 0, to = head * width; from < removed.length; from += width, to += step)
    for (let i = 0; i < width; i++) data[to + i]! -= share * (removed[from + i]! - left[i]!);
}
