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
    const rows = data.length / (count * width);
    if (sum.length === 0) sum = new Float64Array(rows * width);
    const instead = replacement(output, source, replacing);
    for (let row = 0; row < rows; row++) {
      const at = (row * count + index) * width;
      if (instead === null) for (let i = 0; i < width; i++) sum[row * width + i]! += data[at + i]!;
      else for (let i = 0; i < width; i++) sum[row * width + i]! += data[at + i]! - instead(row, i);
    }
  }
  return sum;
}

/** What stands there instead, by row and entry; null for nothing. */
function replacement(
  output: Tensor,
  source: PartIndex,
  { by, clean, slice, outputMeans = new Map() }: Replacing,
): ((row: number, i: number) => number) | null {
  if (by === 'zero') return null;
  const { shape, width, data } = output;
  const { count, index } = rowsOf(source, output);
  if (by === 'mean') {
    const known = outputMeans.get(partLabel(source));
    const mean = known ?? new Float64Array(width);
    if (!known) addToMean(mean, output, source, data.length / (count * width));
    return (_, i) => mean[i]!;
  }
  const [batch, positions] = shape as [number, number];
  const size = shape.at(-1) as number;
  const place = slice ?? { first: 0, batch };
  const other = cleanActivation('removeFromInput', output, { clean, slice: place }).data;
  const first = place.first * positions;
  return (row, i) => (i < size ? other[((first + row) * count + index) * size + i]! : 0);
}

/** input[:, :, head, :], or input[:, :, :] of an MLP, −= share · (removed − mean) */
export function takeOut(
  input: Tensor,
  { head, share, mean = [] }: { head: number; share: number; mean?: readonly number[] },
  removed: Float64Array,
): void {
  const { data, shape, width } = input;
  const heads = shape.length === 4 ? (shape[2] as number) : 1;
  for (let row = 0; row < removed.length / width; row++) {
    const to = (row * heads + head) * width;
    for (let i = 0; i < width; i++) data[to + i]! -= share * (removed[row * width + i]! - (mean[i] ?? 0));
  }
}
