// What the worker does only when it is asked to, and the first view does without: verdicts, answers to exercises, files
// of checkpoints. Fetched by later.ts, as a script of its own.
import { decodeCheckpoint } from '@induction-lab/core/browser';

export { audit, encodeCheckpoint, headMarks, mapPicture, prove } from '@induction-lab/core/browser';
export { checkExercise } from './exercises.ts';

/** Reads a checkpoint; what only the command line can do about a bad one is told as such. */
export function readCheckpoint(bytes: Uint8Array, file: string): ReturnType<typeof decodeCheckpoint> {
  try {
    return decodeCheckpoint(bytes, file);
  } catch (error) {
    const { message } = error as Error;
    throw message.includes('--model-config')
      ? new Error(`${message} This page has no such option: use the command line's audit.`)
      : error;
  }
}
