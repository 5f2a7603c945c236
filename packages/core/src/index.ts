// Public interface of the library, browser-safe. Node adds file and thread support in node.ts.

export * from './circuits/ablation.ts';
export * from './circuits/activationPatching.ts';
export { type AuditEvidence, type AuditRecord, audit } from './circuits/audit.ts';
export * from './circuits/circuit.ts';
export * from './circuits/composition.ts';
export * from './circuits/dynamics.ts';
export * from './circuits/effects.ts';
export * from './circuits/estimate.ts';
export * from './circuits/examplePatterns.ts';
export { type Complex, FactoredMatrix, Matrix } from './circuits/factoredMatrix.ts';
export * from './circuits/handBuilt.ts';
export * from './circuits/headMarks.ts';
export {
  type HeadScores,
  type HeadScoresRecord,
  headScores,
  measureHeads,
  type ScoreName,
  type ScoreOptions,
  type Sweep,
  type SweptPeriod,
} from './circuits/headScores.ts';
export { analysedLength, LONGEST_ANALYSED, TooSmallError } from './circuits/lengths.ts';
export * from './circuits/logitAttribution.ts';
export type { OnSetOptions } from './circuits/onSet.ts';
export type { KeySource, PathEffect } from './circuits/paths.ts';
export * from './circuits/pathTable.ts';
export { type PatternVisit, runPatterns, type Weight } from './circuits/patternRuns.ts';
export {
  controlProbe,
  fourfoldProbe,
  type ProbeOptions,
  prefixedProbe,
  repeatedProbe,
  SHORTEST_CONTEXT,
  SMALLEST_VOCABULARY,
  spread,
  sweepPeriods,
} from './circuits/probes.ts';
export { type OnProgress, Progress } from './circuits/progress.ts';
export * from './circuits/prove.ts';
export {
  effectPeriods,
  periodsToMeasure,
  type RepeatBatch,
  RepeatSet,
  type RepeatSetOptions,
} from './circuits/repeatSet.ts';
export {
  contentScore,
  currentTokenScore,
  firstTokenScore,
  inductionStripe,
  meanAlong,
  prefixMatchingScore,
  previousTokenScore,
  uniformAlong,
  uniformWeight,
} from './circuits/scores.ts';
export { VERDICTS, type Verdict } from './circuits/verdict.ts';
export * from './circuits/weightCircuits.ts';
export * from './engine/engine.ts';
export { RandomStream } from './engine/random.ts';
export type { Integers, Tensor } from './engine/tensor.ts';
export { ArgumentError, checkArgument } from './errors/arguments.ts';
export * from './errors/names.ts';
export { NotFiniteError } from './errors/notFinite.ts';
export * from './errors/printable.ts';
export { TooLargeError } from './errors/tooLarge.ts';
export * from './model/activationCache.ts';
export * from './model/checkpoint.ts';
export * from './model/config.ts';
export { mergeShards } from './model/foreignFormats.ts';
export * from './model/hookPoints.ts';
export { checkIntervention } from './model/interventionChecks.ts';
export * from './model/interventions.ts';
export { LARGEST_JSON, readJsonText } from './model/jsonText.ts';
export * from './model/model.ts';
export * from './model/parameters.ts';
export * from './model/parts.ts';
export type { MeanAblate, Patch, Place, PlacedIntervention, ResampleAblate, ZeroAblate } from './model/places.ts';
export * from './model/safetensors.ts';
export { CLAMP_KINDS, type Clamp } from './training/clamps.ts';
export * from './training/experiment.ts';
export * from './training/finalLosses.ts';
export { initialModel } from './training/initialize.ts';
export * from './training/schedule.ts';
export {
  type BlockPlace,
  fillTokens,
  makeBatch,
  periodsOf,
  type QueryRanges,
  queryRanges,
  STREAMS,
  type Task,
} from './training/tasks.ts';
export { type Crew, type StartCrew, startInline } from './training/threads.ts';
export * from './training/train.ts';
