/**
 * The transformer: its config, running it, looking inside, changing it while it runs.
 * @module model
 */

export {
  ActivationCache,
  type CachedActivation,
  type PartOfActivation,
  type Pattern,
  type Patterns,
} from './activationCache.ts';
export type { Axis, HookPoint } from './components/hookPoint.ts';
export {
  type ModelConfig,
  type ModelOptions,
  modelConfig,
  NORMALIZATIONS,
  POSITIONS,
  type Positions,
  type RotaryScaling,
} from './config.ts';
export type { RunResult } from './execution.ts';
export type { GenerateOptions, Prompt } from './generate.ts';
export type { GradientOptions, GradientRun } from './gradientRun.ts';
export {
  allHeads,
  earlierHeads,
  type HeadIndex,
  headLabel,
  headsOf,
  isGrouped,
  keyValueHeadOf,
  keyValueHeads,
  labelOf,
  sameHead,
} from './heads.ts';
export { declaredHookPoints, hookPoints } from './hookPoints.ts';
export { type HookSelection, selectHookPoints } from './hookSelection.ts';
export type { Hook, HookedActivation } from './interventions/hooked.ts';
export {
  headOutput,
  headResult,
  INPUTS,
  type Input,
  type Intervention,
  REPLACEMENTS,
  type RemoveFromInput,
  type Replacement,
  type TensorHooks,
} from './interventions/interventions.ts';
export type {
  MeanAblate,
  Patch,
  Place,
  PlacedIntervention,
  ResampleAblate,
  ZeroAblate,
} from './interventions/places.ts';
export type { Asked, Queries } from './measures/askedQueries.ts';
export { MEASURE_NAMES, MEASURES, type MeasureName } from './measures/builtInMeasures.ts';
export type { Measure, MeasuredSequence } from './measures/measure.ts';
export type { MeasureOptions } from './measures/measureOptions.ts';
export { type CachedRun, Model } from './model.ts';
export { blankWeights, learnedWeights, type NamedWeights, parameterCount } from './parameters.ts';
export { type ModelParts, modelParts } from './parts.ts';
export type { LayerWeights, PartWeights } from './partWeights.ts';
export { guessingLoss } from './startToken.ts';
export type { Tokens } from './tokens.ts';
export { type Nested, type NestedNumbers, Values } from './values.ts';
export { longestRunnable, memoryNeeded } from './workspace.ts';
