// Public interface of the library, browser-safe. Node adds file and thread support in node.ts.
export * from './engine/engine.ts';
export * from './model/activationCache.ts';
export * from './model/config.ts';
export * from './model/hookPoints.ts';
export * from './model/interventions.ts';
export * from './model/model.ts';
export * from './model/parameters.ts';
export * from './training/experiment.ts';
export { makeBatch, type BlockPlace, fillTokens, periodsOf, type QueryRanges, queryRanges, STREAMS, type Task } from './training/tasks.ts';
export * from './training/schedule.ts';
export * from './training/train.ts';
export { type Crew, type StartCrew, startInline } from './training/threads.ts';
export { RandomStream } from './engine/random.ts';
