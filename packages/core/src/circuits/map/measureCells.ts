// What is measured of every cell: the loss of its queries, at any temperature, and which heads attend to the answer.
import type { Model } from '../../model/model.ts';
import type { Progress } from '../progress.ts';
import { cellSequence, sequencesOf } from './cellSequences.ts';
import { type Cell, endOf, type MapSpace, queriesOf } from './cells.ts';
import { runSequences } from './runs.ts';
import { addLosses, FACTORS } from './temperature.ts';

/** A cell with its means over sequences. */
export interface MeasuredCell extends Cell {
  /** Loss of each query at each of the FACTORS, nats: [query][factor]. */
  readonly losses: readonly Float64Array[];
  /** Attention from the queries to the token after the earlier copy, by head (layer × nHeads + head). */
  readonly attention: Float64Array;
}

/** What all measurements of a map share. */
export interface MapOptions {
  readonly space: MapSpace;
  /** Sequences of a cell. */
  readonly sequences: number;
  readonly seed: number;
  readonly progress?: Progress | null;
}

/** Sequences are run at lengths that are multiples of this: the model is laid out anew for each. */
const LENGTHS = 8;

/** Measures cells, many of them in one run. */
export function measureCells(model: Model, cells: readonly Cell[], options: MapOptions): MeasuredCell[] {
  const { nLayers, nHeads } = model.config;
  const measured = cells.map(
    (cell): MeasuredCell => ({
      ...cell,
      losses: queriesOf(cell).map(() => new Float64Array(FACTORS.length)),
      attention: new Float64Array(nLayers * nHeads),
    }),
  );
  for (const [length, group] of byLength(measured, options.space.length)) {
    const drawn = group.flatMap((cell) => sequencesFor(cell, options, length).map((tokens) => ({ cell, tokens })));
    const tokens = drawn.map((one) => one.tokens);
    runSequences(model, tokens, { patterns: true, progress: options.progress ?? null }, (visit) => {
      const { cell } = drawn[visit.sequence]!;
      const share = 1 / sequencesOf(cell, options.sequences);
      queriesOf(cell).forEach((query, i) => {
        const target = tokens[visit.sequence]![query + 1] as number;
        addLosses(visit.logits(query), target, { share, to: cell.losses[i]! });
        for (let head = 0; head < cell.attention.length; head++)
          cell.attention[head]! +=
            (share / (cell.length - 1)) * visit.attention(head, query, query - cell.distance + 1);
      });
    });
  }
  return measured;
}

/** A cell's sequences at a length that they are run at. */
export const sequencesFor = (cell: Cell, { space, sequences, seed }: MapOptions, total: number): Int32Array[] =>
  Array.from({ length: sequencesOf(cell, sequences) }, (_, index) => cellSequence(space, cell, { seed, index, total }));

/** Cells by the length that their sequences are run at. */
function byLength<T extends Cell>(cells: readonly T[], longest: number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const cell of cells) {
    const length = Math.min(longest, Math.ceil(endOf(cell) / LENGTHS) * LENGTHS);
    groups.set(length, [...(groups.get(length) ?? []), cell]);
  }
  return groups;
}

/** Tokens that cells run. */
export const cellsSize = (
  cells: readonly Cell[],
  { space, sequences }: Pick<MapOptions, 'space' | 'sequences'>,
): number =>
  [...byLength(cells, space.length)].reduce(
    (sum, [length, group]) => sum + length * group.reduce((all, cell) => all + sequencesOf(cell, sequences), 0),
    0,
  );
