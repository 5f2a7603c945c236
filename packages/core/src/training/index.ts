/**
 * Experiments, and training them.
 * @module training
 */

export { AdamW, type AdamWOptions, trainingStep } from './adamW.ts';
export { CLAMP_KINDS, type Clamp } from './clamps.ts';
export { readTokenFile, type TokenFileOptions } from './data/tokenFiles.ts';
export {
  DataError,
  type DataModule,
  type DataOrigin,
  type GivenQueries,
  type GivenSequence,
  type ReadyData,
  type RunData,
  type SequenceRequest,
  TOKEN_TYPES,
  type TokenTable,
  type TokenType,
  type TrainingData,
} from './data/trainingData.ts';
export {
  type Experiment,
  parseExperiment,
  type Schedule,
  type TrainingOptions,
  withMlp,
  withSteps,
} from './experiment.ts';
export { ExperimentError } from './experimentError.ts';
export { finalLosses } from './finalLosses.ts';
export { initialModel } from './initialize.ts';
export { startInline } from './parallel/inlinePool.ts';
export type { PoolOptions, PoolReading, StartPool, TrainingPool } from './parallel/pool.ts';
export { learningRateAt } from './schedule.ts';
export type { StepLosses } from './stepLosses.ts';
export { train } from './train.ts';
export type { TrainingState } from './trainingState.ts';
export {
  NonFiniteLossError,
  type Pause,
  type StepRecord,
  type TrainingObserver,
  type TrainingOutcome,
  type TrainOptions,
  trainOnTask,
} from './trainLoop.ts';
