// What the worker does only when it is asked to, and the first view does without: verdicts, answers to exercises, files
// of checkpoints. Fetched by later.ts, as a script of its own.
import { decodeCheckpoint } from '@induction-lab/core/browser';

export { audit, encodeCheckpoint, headMarks, mapPicture, prove } from '@induction-lab/core/browser';
export { checkExercise } from './exercises.ts';

/** How this page is given a config: the remedies of what is wrong with one. */
const WORDS = { pass: 'by dropping the model and its config.json together', name: 'the config.json' };

/** Reads a checkpoint, with the config.json that came with it. */
export function readCheckpoint(
  bytes: Uint8Array,
  file: string,
  config: string | null,
): ReturnType<typeof decodeCheckpoint> {
  return decodeCheckpoint(bytes, file, { words: WORDS, ...(config === null ? {} : { config: parsed(config) }) });
}

function parsed(config: string): unknown {
  try {
    return JSON.parse(config);
  } catch {
    throw new Error('The config.json that came with the model is not JSON; drop a good one.');
  }
}
