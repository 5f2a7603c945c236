// The sequences of a cell: its tokens stand once, come again at the distance, and nothing else repeats that could be matched.
import { RandomStream } from '../../random/randomStream.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import { drawDistinct } from '../../tasks/blocks.ts';
import { allDiffer, type Cell, endOf, type MapSpace } from './cells.ts';

/** So many queries a cell has at least: one of few queries gets more sequences. */
const QUERIES = 48;

/** Sequences of a cell where `usual` are asked for: more where each has one query or two. */
export const sequencesOf = ({ length }: Cell, usual: number): number =>
  length > 3 ? usual : Math.ceil((usual * QUERIES) / (16 * (length - 1)));

/**
 * One sequence of `total` tokens. All tokens before the second copy differ; where the vocabulary is too small for that, the
 * copied ones differ and stand nowhere else, and the others are drawn with replacement. What follows the second copy, which no
 * query sees, is drawn freely.
 */
export function cellSequence(
  space: MapSpace,
  cell: Cell,
  { seed, index, total }: { seed: number; index: number; total: number },
): Int32Array {
  const { prefix, tokens: drawn } = space;
  const { start, distance, length } = cell;
  const random = new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.map, start, distance, index);
  const sequence = new Int32Array(total);
  sequence.set(prefix);
  const fresh = start + distance;
  if (allDiffer(space, cell)) sequence.set(distinct(fresh - prefix.length, drawn, random), prefix.length);
  else {
    const order = distinct(drawn.length, drawn, random);
    const others = order.subarray(length < drawn.length ? length : 0);
    for (let t = prefix.length; t < fresh; t++) sequence[t] = others[random.below(others.length)] as number;
    sequence.set(order.subarray(0, length), start);
  }
  for (let t = fresh; t < total; t++)
    sequence[t] = (t < endOf(cell) ? sequence[t - distance] : drawn[random.below(drawn.length)]) as number;
  return sequence;
}

/** So many different tokens of those that are drawn. */
function distinct(count: number, drawn: Int32Array, random: RandomStream): Int32Array {
  const order = new Int32Array(count);
  drawDistinct(order, drawn.length, random);
  return order.map((t) => drawn[t] as number);
}

/** A sequence without a repeat, or, where the vocabulary is smaller than the context, of tokens drawn with replacement. */
export function sequenceWithoutRepeat(
  { prefix, tokens: drawn, length }: MapSpace,
  { seed, index }: { seed: number; index: number },
): Int32Array {
  const random = new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.mapControl, index);
  const sequence = new Int32Array(length);
  sequence.set(prefix);
  const free = length - prefix.length;
  const filled =
    free <= drawn.length
      ? distinct(free, drawn, random)
      : Int32Array.from({ length: free }, () => drawn[random.below(drawn.length)] as number);
  sequence.set(filled, prefix.length);
  return sequence;
}
