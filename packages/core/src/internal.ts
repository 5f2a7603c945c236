// What our other packages need of this one and nobody else should: no part of the interface, free to change in any version.

export { inContextQueries } from './circuits/claims/dynamics.ts';
export { type Judged, keyBuilder } from './circuits/claims/headMarks.ts';
export { PICTURE_PROPERTIES, type PictureNumbers, pictureNumbers } from './circuits/claims/pictureProperties.ts';
export { scannedPeriods, spread } from './circuits/data/periods.ts';
export { checkPrompts, type PromptChecks, promptsSchema } from './circuits/data/promptChecks.ts';
export { markShares } from './circuits/language/headMap.ts';
export { SCREENING, screeningRuns } from './circuits/language/screening.ts';
export { asAnalysed } from './circuits/lengths.ts';
export { Progress } from './circuits/progress.ts';
export { wasmEngine } from './engine/engine.ts';
export { checkArgument, must } from './errors/arguments.ts';
export { mergeShards } from './model/formats/foreignFormats.ts';
export { LARGEST_JSON, readJsonText } from './model/formats/jsonText.ts';
export { withContext } from './model/formats/openedModel.ts';
export { weightsOf } from './model/parameters.ts';
export { drawnVocabulary, firstDrawn } from './model/startToken.ts';
export { exactExp, exactLog } from './random/exactMath.ts';
export { flatLosses, lossKey, SEGMENT_NAME, segmentOfKey, withSegments } from './tasks/segments.ts';
export { heldOutOf } from './tasks/tasks.ts';
export { dataSegments } from './training/data/moduleSegments.ts';
export { experimentSchema, LONGEST_NAME } from './training/experiment.ts';
export { LAST_STEPS } from './training/finalLosses.ts';
export { checkpointSteps, nextCheckpoint } from './training/schedule.ts';
