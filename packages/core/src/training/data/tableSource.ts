// Given sequences, drawn in a seeded order.
import { RandomStream } from '../../random/randomStream.ts';
import { STREAMS } from '../../random/streams.ts';
import { WHOLE } from '../../tasks/segments.ts';
import { type SequenceSource, type SourceOptions, writeTargets } from '../../tasks/source.ts';
import type { RunData, TokenTable } from './trainingData.ts';

/** Draws of a shuffle between two signs of life: a few milliseconds. */
const SIGN_EVERY = 2 ** 14;

/**
 * An order of 0 … count − 1 for each epoch: Fisher and Yates's shuffle from the epoch's own stream. `alive` is called while
 * one is made, which takes seconds where there are millions.
 */
function seededOrder(count: number, seed: number): (place: number, alive?: () => void) => number {
  const known = new Map<number, Uint32Array>();
  const orderOf = (epoch: number, alive: () => void): Uint32Array => {
    const random = new RandomStream(seed, STREAMS.dataOrder, epoch);
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      if (i % SIGN_EVERY === 0) alive();
      const j = random.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    known.set(epoch, order);
    for (const other of known.keys()) if (other < epoch - 1) known.delete(other); // a batch may lie in two epochs
    return order;
  };
  return (place, alive = () => {}) => {
    const epoch = Math.floor(place / count);
    return (known.get(epoch) ?? orderOf(epoch, alive))[place % count]!;
  };
}

/** A table as a run takes it. */
export const tableData = (table: TokenTable): RunData => ({
  given: table,
  segments: [WHOLE],
  source: (options) => tableSource(table, options),
});

/** The sequences of a table, each once in every epoch, in an order of its own. */
export function tableSource(
  { tokens, starts }: TokenTable,
  { seed, batch, length }: Pick<SourceOptions, 'seed' | 'batch' | 'length'>,
): SequenceSource {
  const order = seededOrder(starts.length - 1, seed);
  const at = (step: number, sequence: number, alive?: () => void): number =>
    order((step - 1) * batch + sequence, alive);
  return {
    segments: [WHOLE],
    counted(step, alive) {
      let count = 0;
      for (let s = 0; s < batch; s++) {
        const i = at(step, s, alive);
        count += starts[i + 1]! - starts[i]! - 1;
      }
      return count;
    },
    fill(step, sequence, into, targets) {
      const i = at(step, sequence);
      const given = tokens.subarray(starts[i]!, starts[i + 1]!);
      into.fill(0, given.length, length);
      into.set(given);
      writeTargets(targets, into, { length: given.length, trained: null });
      return { length: given.length, segments: [[[0, given.length - 1]]] };
    },
  };
}
