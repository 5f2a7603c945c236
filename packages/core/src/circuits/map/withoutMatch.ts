// What would be the same if nothing repeated: on sequences without a repeat only a fixed distance can be followed.

import { crossEntropy } from '../../model/measures/crossEntropy.ts';
import type { Model } from '../../model/model.ts';
import { contentMayAct } from '../attention/contentFree.ts';
import { sequenceWithoutRepeat } from './cellSequences.ts';
import { type Cell, queriesOf } from './cells.ts';
import type { MapOptions } from './measureCells.ts';
import { runSequences } from './runs.ts';

/** A cell's queries and keys where nothing repeats: the loss of the key's token as the next one, and attention to the key. */
export interface WithoutMatch {
  /** Mean over sequences by query, nats, at most what guessing costs. */
  readonly losses: Float64Array;
  /** By head: mean over sequences and queries. */
  readonly attention: Float64Array;
}

const draw = ({ space, sequences, seed }: MapOptions): Int32Array[] =>
  Array.from({ length: 2 * sequences }, (_, index) => sequenceWithoutRepeat(space, { seed, index }));

/** Reads off the control what each cell's queries make of a fixed distance. `model` has its logits at the temperature judged at. */
export function measureWithoutMatch(model: Model, cells: readonly Cell[], options: MapOptions): WithoutMatch[] {
  const heads = model.config.nLayers * model.config.nHeads;
  const guess = Math.log(options.space.tokens.length);
  const tokens = draw(options);
  const gathered = cells.map((cell) => ({
    cell,
    losses: new Float64Array(cell.length - 1),
    counts: new Float64Array(cell.length - 1),
    attention: new Float64Array(heads),
  }));
  runSequences(model, tokens, { patterns: true, progress: options.progress ?? null }, (visit) => {
    const sequence = tokens[visit.sequence]!;
    for (const { cell, losses, counts, attention } of gathered)
      queriesOf(cell).forEach((query, i) => {
        const key = query - cell.distance + 1;
        if (contentMayAct(sequence, query, key)) return;
        losses[i]! += crossEntropy(visit.logits(query), sequence[key] as number);
        counts[i]! += 1;
        for (let head = 0; head < heads; head++) attention[head]! += visit.attention(head, query, key);
      });
  });
  return gathered.map(({ losses, counts, attention }) => {
    const all = counts.reduce((a, b) => a + b, 0);
    return {
      losses: losses.map((sum, i) => Math.min(guess, counts[i] === 0 ? guess : sum / counts[i]!)),
      attention: attention.map((sum) => (all === 0 ? 0 : sum / all)),
    };
  });
}

/** A distance is worth cells of its own when the likeliest next token stands there at so many more queries than by chance. */
const COPIED = 0.1;

/** Distances at which the likeliest next token is, where nothing repeats, a token that stands a fixed way back. */
export function copiedDistances(model: Model, options: MapOptions): number[] {
  const { length, prefix } = options.space;
  const [found, possible] = [new Float64Array(length + 2), new Float64Array(length + 2)];
  const tokens = draw(options);
  runSequences(model, tokens, { progress: options.progress ?? null }, (visit) => {
    const sequence = tokens[visit.sequence]!;
    for (let query = prefix.length + 1; query < length; query++) {
      const likeliest = indexOfLargest(visit.logits(query));
      for (let key = prefix.length; key < query; key++) {
        if (contentMayAct(sequence, query, key)) continue;
        possible[query - key + 1]! += 1;
        if (sequence[key] === likeliest) found[query - key + 1]! += 1;
      }
    }
  });
  const distances = Array.from({ length: Math.max(0, length - prefix.length - 3) }, (_, i) => i + 2);
  const above = COPIED + 1.5 / options.space.tokens.length;
  return distances.filter((d) => found[d]! > above * possible[d]!);
}

function indexOfLargest(values: ArrayLike<number>): number {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[at]!) at = i;
  return at;
}
