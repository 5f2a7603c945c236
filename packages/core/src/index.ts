// Public interface of the library, browser-safe. Node adds file and thread support in node.ts.

export { contentScore, prefixMatchingScore } from './circuits/attention/contentScore.ts';
export type { Detector, ProbeName } from './circuits/attention/detector.ts';
export * from './circuits/attention/examplePatterns.ts';
export { currentTokenScore, firstTokenScore, previousTokenScore } from './circuits/attention/fixedKeyScores.ts';
export { type HeadLook, headLook } from './circuits/attention/headLooks.ts';
export { headScores, type MeasuredHeads, measureHeads, type ScoreOptions } from './circuits/attention/headScores.ts';
export * from './circuits/attention/headScoresRecord.ts';
export { inductionStripe, type StripePlace } from './circuits/attention/inductionStripe.ts';
export { type Line, meanAlong, uniformAlong, uniformAttention } from './circuits/attention/line.ts';
export type { PositionalOffset } from './circuits/attention/offsets.ts';
export { DetectorError } from './circuits/attention/ownDetectors.ts';
export type { PeriodScan, ScannedPeriod } from './circuits/attention/periodScan.ts';
export {
  PROMPT_SCORES,
  type PromptHeadScores,
  type PromptScoreName,
  type PromptScoresOptions,
  type PromptScoresRecord,
  promptScores,
} from './circuits/attention/promptScores.ts';
export type { DetectorChance, DetectorScore } from './circuits/attention/scoredDetectors.ts';
export type { ScoreName } from './circuits/attention/scoreTable.ts';
export * from './circuits/causal/ablation.ts';
export {
  activationPatching,
  type PatchEffect,
  type PatchingOptions,
  type PatchingRecord,
} from './circuits/causal/activationPatching.ts';
export {
  type DirectLogits,
  directLogits,
  type LogitAsked,
  type SplitLogit,
} from './circuits/causal/directLogits.ts';
export {
  ablateEdges,
  allEdges,
  type Edge,
  edgeLabel,
  edgesInto,
  type HeadEdge,
  patchEdges,
} from './circuits/causal/edges.ts';
export { effectPeriods, periodsToMeasure } from './circuits/causal/effectPeriods.ts';
export * from './circuits/causal/effects.ts';
export * from './circuits/causal/logitAttribution.ts';
export { type LogitLens, logitLens } from './circuits/causal/logitLens.ts';
export type { OnSetOptions } from './circuits/causal/onSet.ts';
export type { PatchSite } from './circuits/causal/patchSites.ts';
export * from './circuits/causal/pathMatrix.ts';
export * from './circuits/causal/pathPatching.ts';
export type { KeySource, PathEffect } from './circuits/causal/paths.ts';
export * from './circuits/causal/pathTable.ts';
export * from './circuits/causal/periodToCorrupt.ts';
export { type AuditOptions, audit } from './circuits/claims/audit.ts';
export type { AuditEvidence, AuditRecord, MechanismsRecord } from './circuits/claims/auditRecord.ts';
export * from './circuits/claims/circuit.ts';
export * from './circuits/claims/dynamics.ts';
export * from './circuits/claims/elimination.ts';
export { type EvaluationOptions, evaluateCircuit } from './circuits/claims/evaluateCircuit.ts';
export * from './circuits/claims/evaluationRecord.ts';
export { circuitFaithfulness } from './circuits/claims/faithfulness.ts';
export * from './circuits/claims/headMarks.ts';
export type { HeldOut, HeldOutRecord } from './circuits/claims/heldOut.ts';
export * from './circuits/claims/mapPicture.ts';
export * from './circuits/claims/phaseChange.ts';
export * from './circuits/claims/prove.ts';
export { randomCircuits } from './circuits/claims/randomCircuits.ts';
export { VERDICTS, type Verdict } from './circuits/claims/verdict.ts';
export { CORRUPTIONS, type Corruption, corruptedPair, type PromptPair } from './circuits/data/corruption.ts';
export type { Measured, MeasuredBy } from './circuits/data/measuredBy.ts';
export { type AttentionWeight, type PatternVisit, runPatterns } from './circuits/data/patternRuns.ts';
export { SHORTEST_CONTEXT, scannedPeriods, spread } from './circuits/data/periods.ts';
export {
  controlProbe,
  fourfoldProbe,
  type ProbeOptions,
  prefixedProbe,
  repeatedProbe,
} from './circuits/data/probes.ts';
export { PromptSet, type PromptSetOptions, type PromptSlice } from './circuits/data/promptSet.ts';
export {
  checkPrompts,
  type PromptChecks,
  type Prompts,
  PromptsError,
  promptsSchema,
  type QueriedPrompt,
} from './circuits/data/prompts.ts';
export { corruptedPrompts, promptsOf, repeatPrompts } from './circuits/data/repeatPrompts.ts';
export { type RepeatBatch, RepeatSet, type RepeatSetOptions } from './circuits/data/repeatSet.ts';
export { repeatQueries, twoCopies } from './circuits/data/twoCopies.ts';
export * from './circuits/language/copies.ts';
export * from './circuits/language/drawRepeats.ts';
export * from './circuits/language/following.ts';
export * from './circuits/language/headMap.ts';
export { HEADS_OFF_RUNS, type HeadsOff, headsOff, RANDOM_DRAWS, randomHeads } from './circuits/language/headsOff.ts';
export { type InContext, inContext } from './circuits/language/inContext.ts';
export { type LanguageAuditOptions, languageAudit } from './circuits/language/languageAudit.ts';
export * from './circuits/language/languageAuditRecord.ts';
export * from './circuits/language/promptReading.ts';
export * from './circuits/language/screening.ts';
export { repeatSnippets } from './circuits/language/snippets.ts';
export { drawnTokens, type TokenKinds, type Vocabulary } from './circuits/language/vocabulary.ts';
export { analysedLength, asAnalysed, LONGEST_ANALYSED, longestPeriod, TooSmallError } from './circuits/lengths.ts';
export { mapRecord, measureMap } from './circuits/map/inductionMap.ts';
export { type Limit, limitsOf } from './circuits/map/limits.ts';
export type { InductionMap, MapCell, Solution } from './circuits/map/mapRecord.ts';
export { type OnProgress, Progress } from './circuits/progress.ts';
export * from './circuits/statistics/estimate.ts';
export * from './circuits/statistics/medianEstimate.ts';
export * from './circuits/weights/composition.ts';
export { type Complex, FactoredMatrix, Matrix } from './circuits/weights/factoredMatrix.ts';
export * from './circuits/weights/headCircuits.ts';
export * from './circuits/weights/weightCircuits.ts';
export * from './engine/engine.ts';
export type { Floats } from './engine/floats.ts';
export { KERNELS_VERSION } from './engine/kernelsVersion.ts';
export type { Integers, Tensor } from './engine/tensor.ts';
export { ArgumentError, checkArgument, must } from './errors/arguments.ts';
export * from './errors/names.ts';
export { NotFiniteError } from './errors/notFinite.ts';
export * from './errors/printable.ts';
export { TooLargeError } from './errors/tooLarge.ts';
export * from './examples/handBuiltHub.ts';
export * from './examples/handBuiltInduction.ts';
export * from './examples/handBuiltPositionalCopier.ts';
export type { HandBuiltSizes } from './examples/writtenModel.ts';
export * from './model/activationCache.ts';
export * from './model/config.ts';
export { type ByteSource, sourceOf } from './model/formats/byteSource.ts';
export {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  openCheckpoint,
  toTransformerLensConfig,
} from './model/formats/checkpoint.ts';
export { mergeShards } from './model/formats/foreignFormats.ts';
export { isGguf, readGgufHeader } from './model/formats/gguf/ggufHeader.ts';
export { LARGEST_JSON, readJsonText } from './model/formats/jsonText.ts';
export { type OpenedModel, readInto } from './model/formats/openedModel.ts';
export * from './model/formats/safetensors.ts';
export type { GenerateOptions, Prompt } from './model/generate.ts';
export * from './model/glob.ts';
export * from './model/heads.ts';
export {
  type Axis,
  declaredHookPoints,
  type HookPoint,
  hookPoints,
} from './model/hookPoints.ts';
export { type HookSelection, selectHookPoints } from './model/hookSelection.ts';
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
export type { Asked, Queries } from './model/measures/askedQueries.ts';
export { MEASURE_NAMES, MEASURES, type MeasureName } from './model/measures/builtInMeasures.ts';
export type { Measure, MeasuredSequence } from './model/measures/measure.ts';
export type { MeasureOptions } from './model/measures/measureOptions.ts';
export * from './model/model.ts';
export * from './model/parameters.ts';
export * from './model/parts.ts';
export type { LayerWeights, PartWeights } from './model/partWeights.ts';
export { drawnVocabulary, firstDrawn, guessingLoss } from './model/startToken.ts';
export { type Nested, type NestedNumbers, Values } from './model/values.ts';
export { exactExp, exactLog } from './random/exactMath.ts';
export { RandomStream } from './random/randomStream.ts';
export { STREAMS } from './random/streams.ts';
export { type GgufMetadata, ggufTokenizer } from './text/ggufTokenizer.ts';
export { type BlockPlace, fillTokens, type QueryRanges, queryRanges } from './tasks/blocks.ts';
export { type Batch, makeBatch, type PlaceOf } from './tasks/makeBatch.ts';
export * from './tasks/segments.ts';
export { heldOutOf, periodsOf, segmentsOf, type Task } from './tasks/tasks.ts';
export { AdamW, type AdamWOptions, trainingStep } from './training/adamW.ts';
export { CLAMP_KINDS, type Clamp } from './training/clamps.ts';
export { dataSegments } from './training/data/moduleSegments.ts';
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
