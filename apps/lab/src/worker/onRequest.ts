// What the worker does only when it is asked to, and the first view does without: verdicts, answers to exercises, files
// of checkpoints. Fetched by later.ts, as a script of its own.
import { decodeCheckpoint } from '@induction-lab/core/browser';

export { audit, encodeCheckpoint, headMarks, mapPicture, prove } from '@induction-lab/core/browser';
export { checkExercise } from './exercises.ts';
export { marksOf, sweepOf } from './marks.ts';

/** Reads a checkpoint, with the config.json that came with it; the remedy for one that needs a config is this page's own. */
export function readCheckpoint(
  bytes: Uint8Array,
  file: string,
  config: string | null,
): ReturnType<typeof decodeCheckpoint> {
  try {
    return decodeCheckpoint(bytes, file, config === null ? {} : { config: parsed(config) });
  } catch (error) {
    const { message } = error as Error;
    throw message.includes('--model-config')
      ? new Error(`${message} Here: drop the model and its config.json together.`)
      : error;
  }
}

function parsed(config: string): unknown {
  try {
    return JSON.parse(config);
  } catch {
    throw new Error('The config.json that came with the model is not JSON; drop a good one.');
  }
}
