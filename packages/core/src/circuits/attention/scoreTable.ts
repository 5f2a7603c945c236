// The scores that are means over sequences: their names, and their numbers while they are gathered.
import { type Estimate, estimate } from '../statistics/estimate.ts';

/** Names of the scores that are means over sequences; docs/scores.md has their definitions. */
export type ScoreName =
  | 'previousToken'
  | 'previousTokenFirstHalf'
  | 'currentToken'
  | 'firstToken'
  | 'duplicateToken'
  | 'inductionStripe'
  | 'inductionStripeControl'
  | 'inductionByContent'
  | 'inductionExcess'
  | 'prefixMatching';

/** Which number of the table: a score of a head (layer × nHeads + head) on a sequence. */
export interface ScoreCell<Name extends string> {
  readonly name: Name;
  readonly head: number;
  readonly sequence: number;
}

/** One number for every score, head and sequence. */
export class ScoreTable<Name extends string> {
  private readonly values = new Map<Name, Float64Array[]>();
  private readonly heads: number;
  private readonly sequences: number;

  constructor(heads: number, sequences: number) {
    this.heads = heads;
    this.sequences = sequences;
  }

  private row({ name, head }: ScoreCell<Name>): Float64Array {
    let rows = this.values.get(name);
    if (!rows) {
      rows = Array.from({ length: this.heads }, () => new Float64Array(this.sequences));
      this.values.set(name, rows);
    }
    return rows[head] as Float64Array;
  }

  set(cell: ScoreCell<Name>, value: number): void {
    this.row(cell)[cell.sequence] = value;
  }

  add(cell: ScoreCell<Name>, value: number): void {
    this.row(cell)[cell.sequence]! += value;
  }

  /** A score of a head on each sequence. */
  valuesOf(name: Name, head: number): Float64Array {
    return this.row({ name, head, sequence: 0 });
  }

  /** A head's scores, in the order in which they came: records are written so. Of the `names` that never came, NaN behind them. */
  estimates(head: number, names: readonly Name[] = []): Record<Name, Estimate> {
    const entries = [...this.values].map(([name, rows]) => [name, estimate(rows[head] as Float64Array)]);
    const missing = names.filter((name) => !this.values.has(name)).map((name) => [name, estimate([])]);
    return Object.fromEntries([...entries, ...missing]) as Record<Name, Estimate>;
  }
}
