// Public interface of the library, browser-safe. Node adds file and thread support in node.ts.

export * from './circuits/attention/examplePatterns.ts';
export {
  type HeadScores,
  type HeadScoresRecord,
  headScores,
  measureHeads,
  type ScoreName,
  type ScoreOptions,
  type Sweep,
  type SweptPeriod,
} from './circuits/attention/headScores.ts';
export { type PatternVisit, runPatterns, type Weight } from './circuits/attention/patternRuns.ts';
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
} from './circuits/attention/scores.ts';
export * from './circuits/causal/ablation.ts';
export * from './circuits/causal/activationPatching.ts';
export * from './circuits/causal/effects.ts';
export * from './circuits/causal/logitAttribution.ts';
export type { KeySource, PathEffect } from './circuits/causal/paths.ts';
export * from './circuits/causal/pathTable.ts';
export { type AuditEvidence, type AuditRecord, audit } from './circuits/claims/audit.ts';
export * from './circuits/claims/circuit.ts';
export * from './circuits/claims/dynamics.ts';
export * from './circuits/claims/headMarks.ts';
export * from './circuits/claims/prove.ts';
export { VERDICTS, type Verdict } from './circuits/claims/verdict.ts';
export type { OnSetOptions } from './circuits/data/onSet.ts';
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
} from './circuits/data/probes.ts';
export {
  effectPeriods,
  periodsToMeasure,
  type RepeatBatch,
  RepeatSet,
  type RepeatSetOptions,
} from './circuits/data/repeatSet.ts';
export { analysedLength, LONGEST_ANALYSED, TooSmallError } from './circuits/lengths.ts';
export { type OnProgress, Progress } from './circuits/progress.ts';
export * from './circuits/statistics/estimate.ts';
export * from './circuits/weights/composition.ts';
export { type Complex, FactoredMatrix, Matrix } from './circuits/weights/factoredMatrix.ts';
export * from './circuits/weights/weightCircuits.ts';
export * from './engine/engine.ts';
export type { Integers, Tensor } from './engine/tensor.ts';
export { ArgumentError, checkArgument } from './errors/arguments.ts';
export * from './errors/names.ts';
export { NotFiniteError } from './errors/notFinite.ts';
export * from './errors/printable.ts';
export { TooLargeError } from './errors/tooLarge.ts';
export * from './examples/handBuilt.ts';
export * from './model/activationCache.ts';
export * from './model/config.ts';
export * from './model/formats/checkpoint.ts';
export { mergeShards } from './model/formats/foreignFormats.ts';
export { LARGEST_JSON, readJsonText } from './model/formats/jsonText.ts';
export * from './model/formats/safetensors.ts';
export * from './model/hookPoints.ts';
export { checkIntervention } from './model/interventions/interventionChecks.ts';
export * from './model/interventions/interventions.ts';
export type {
  MeanAblate,
  Patch,
  Place,
  PlacedIntervention,
  ResampleAblate,
  ZeroAblate,
} from './model/interventions/places.ts';
export * from './model/model.ts';
export * from './model/parameters.ts';
export * from './model/parts.ts';
export { RandomStream } from './random/randomStream.ts';
export { STREAMS } from './random/streams.ts';
export { type BlockPlace, fillTokens, type QueryRanges, queryRanges } from './tasks/blocks.ts';
export { type Batch, makeBatch, type PlaceOf } from './tasks/makeBatch.ts';
export * from './tasks/segments.ts';
export { periodsOf, segmentsOf, type Task } from './tasks/tasks.ts';
export { AdamW, type AdamWOptions, trainingStep } from './training/adamW.ts';
export { CLAMP_KINDS, type Clamp } from './training/clamps.ts';
export { dataSegments } from './training/data/moduleSource.ts';
export { readTokenFile, type TokenFileOptions } from './training/data/tokenFiles.ts';
export * from './training/data/trainingData.ts';
export * from './training/experiment.ts';
export * from './training/finalLosses.ts';
export { initialModel } from './training/initialize.ts';
export { startInline } from './training/parallel/inlinePool.ts';
export type { PoolOptions, PoolReading, StartPool, TrainingPool } from './training/parallel/pool.ts';
export * from './training/schedule.ts';
export type { StepLosses } from './training/stepLosses.ts';
export * from './training/train.ts';
export type { TrainingState } from './training/trainingState.ts';
