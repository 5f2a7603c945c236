// What the worker does only when it is asked to, and the first view does without: verdicts, answers to exercises, files
// of checkpoints. Fetched by later.ts, as a script of its own.
export { audit, train } from '@induction-lab/core/browser';
export { checkpointOf, judgeExercise, randomOffIn, verdictOn, verdictOnTexts } from './answers.ts';
export { readFetched } from './fetchedState.ts';
export { marksOf, sweepOf } from './marks.ts';
export { openFile } from './openedFile.ts';
