// The map as a record.

/** Whether a place is solved, and by what: not where nothing repeats, or there just the same. */
export type Solution = 'by content' | 'by position' | 'not solved';

/** One place: tokens from `start` on come again `distance` later. Losses in nats, means over queries and sequences. */
export interface MapCell {
  /** Position of the first copy. */
  readonly start: number;
  /** How far back the first copy lies, in tokens. */
  readonly distance: number;
  /** Queries of each sequence. */
  readonly queries: number;
  /** Loss of the queries as the model gives it, and at the map's temperature. */
  readonly loss: number;
  /** Loss of the queries at the map's temperature, nats. */
  readonly lossAtBestTemperature: number;
  /** Loss of the same keys' tokens where nothing repeats, at that temperature; at most what guessing costs. */
  readonly lossWithoutRepeat: number;
  readonly solution: Solution;
  /** Attention that follows the repeat, by head (layer × nHeads + head): to the token after the earlier copy, less where nothing repeats. */
  readonly attention: readonly number[];
}

/** Where the first copy starts × how far back it lies. */
export interface InductionMap {
  readonly cells: readonly MapCell[];
  /** Cells that there are; those measured are a sample where there are more. */
  readonly cellsInAll: number;
  /** Tokens of the longest sequence, its prefix included, and the prefix. */
  readonly length: number;
  /** What stands in front of every sequence, in tokens. */
  readonly prefix: readonly number[];
  /** Tokens that were not drawn, where there are any: left out as asked, or since they look untrained. */
  readonly excluded?: readonly number[];
  /** How many different tokens were drawn. */
  readonly tokens: number;
  /** Logits are divided by it: the power of two nearest to 1 at which the solved places are solved best. */
  readonly temperature: number;
  /** Of a cell, more where it has few queries. */
  readonly sequences: number;
  /** Seed of the sequences that are drawn. */
  readonly seed: number;
}
