// The purposes of random streams, so that no two draw the same numbers. A stream is named by the seed, one of these, and
// what follows beside it. Two others name themselves by what they are drawn for alone: the resamples of an interval
// (statistics/estimate.ts) and the random matrices that composition is compared with (weights/composition.ts).
/** The streams of random numbers, by their names: each purpose has its own. */
export const STREAMS = {
  /** (seed, batches, step, sequence): the sequences of a task. */
  batches: 1,
  /** (seed, initialWeights, index of the weight). */
  initialWeights: 2,
  /** (seed, analysis, one of ANALYSIS_STREAMS, …). */
  analysis: 3,
  /** (seed, data, step, sequence): what a module of the user's draws from. */
  data: 4,
  /** (seed, dataOrder, epoch): the order of given sequences. */
  dataOrder: 5,
  /** (seed, generation, sequence): the tokens that a model continues a sequence with. */
  generation: 6,
  /** (seed, sweepDraws, grid, axis): the settings that a sweep draws. */
  sweepDraws: 7,
  /** (seed, sweepShare): which runs of a sweep are done again to compare. */
  sweepShare: 8,
} as const;

/** What an analysis draws. */
export const ANALYSIS_STREAMS = {
  repeated: 1,
  prefixed: 2,
  control: 3,
  fourfold: 4,
  place: 5,
  heldOut: 6,
  heldOutStarts: 7,
  heldOutTokens: 8,
  map: 9,
  mapControl: 10,
  /** Random tokens of a language's vocabulary that repeat, and those with four copies. */
  language: 11,
  languageFourfold: 12,
  /** Circuits to compare a found one with. */
  randomCircuits: 100,
  /** Tokens that take the place of others. */
  corruption: 101,
  keyScrubbing: 103,
  /** Heads of the same layers, to switch off beside others. */
  randomHeads: 104,
  /** Which half of given prompts a circuit is chosen on. */
  halves: 102,
} as const;
