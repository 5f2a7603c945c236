// Some cells of a map, to intervene on: their losses and where heads attend, as often as asked.
import { type HeadIndex, sameHead } from '../../model/heads.ts';
import { headOutput, type Intervention } from '../../model/interventions/interventions.ts';
import { crossEntropy } from '../../model/measures/crossEntropy.ts';
import type { Model } from '../../model/model.ts';
import type { Progress } from '../progress.ts';
import { mean } from '../statistics/estimate.ts';
import { type Cell, endOf, queriesOf } from './cells.ts';
import type { MeasuredMap } from './inductionMap.ts';
import { sequencesFor } from './measureCells.ts';
import { runSequences } from './runs.ts';

/** What a run says of a set of cells. */
export interface CellRun {
  /** Mean loss of each sequence's queries, nats, at the map's temperature. */
  readonly losses: Float64Array;
  /** Attention to the token after the earlier copy, by head asked for, mean over queries and sequences. */
  readonly attention: readonly number[];
}

/** Sequences of some cells that run together, on the model as its map was judged. */
export class CellSet {
  readonly model: Model;
  readonly size: number;
  private readonly drawn: readonly { readonly cell: Cell; readonly tokens: Int32Array }[];
  private readonly progress: Progress | null;

  /** Of these cells; `model` is the map's as it was judged unless given. */
  constructor(
    map: MeasuredMap,
    cells: readonly Cell[],
    { progress, model = map.judged }: { progress: Progress | null; model?: Model },
  ) {
    const total = Math.max(...cells.map(endOf));
    this.model = model;
    this.progress = progress;
    this.drawn = cells.flatMap((cell) => sequencesFor(cell, map, total).map((tokens) => ({ cell, tokens })));
    this.size = this.drawn.length * total;
  }

  /** The losses under interventions, and the attention of some heads. */
  run(interventions: readonly Intervention[], heads: readonly HeadIndex[] = []): CellRun {
    const { drawn, model, progress } = this;
    const losses = new Float64Array(drawn.length);
    const attention = heads.map(() => 0);
    const tokens = drawn.map((one) => one.tokens);
    progress?.expect(this.size);
    runSequences(model, tokens, { interventions, patterns: heads.length > 0, progress }, (visit) => {
      const { cell, tokens: sequence } = drawn[visit.sequence]!;
      const queries = queriesOf(cell);
      losses[visit.sequence] = mean(queries.map((q) => crossEntropy(visit.logits(q), sequence[q + 1] as number)));
      heads.forEach(({ layer, head }, i) => {
        const index = layer * model.config.nHeads + head;
        attention[i]! += mean(queries.map((q) => visit.attention(index, q, q - cell.distance + 1))) / drawn.length;
      });
    });
    return { losses, attention };
  }
}

/** Mean-ablates heads: what they write becomes its mean over the sequences and positions that run together. */
export const withoutHeads = (heads: readonly HeadIndex[]): Intervention[] =>
  heads.map((head) => ({ kind: 'meanAblate', ...headOutput(head) }));

/** Whether a head is one of these. */
export const isAmong = (heads: readonly HeadIndex[], head: HeadIndex): boolean => heads.some((h) => sameHead(h, head));
