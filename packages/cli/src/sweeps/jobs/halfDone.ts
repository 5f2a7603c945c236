// A half-done job: the state of its training and what its steps have left so far, in one file, so that it is never half new.
import { existsSync, rmSync } from 'node:fs';
import { decodeSafetensors, type TrainingState } from '@induction-lab/core/node';
import { readInput, writeWhole } from '../../files/wholeFiles.ts';
import { decodeState, encodeState } from '../../runs/savedState.ts';
import { History } from './history.ts';

export interface HalfDone {
  readonly state: TrainingState;
  readonly history: History;
}

export function saveHalfDone(path: string, { state, history }: HalfDone): void {
  writeWhole(path, encodeState(state, { history: JSON.stringify(history) }), { durable: true });
}

/** What was saved of a job; null where there is nothing, or nothing that this run could go on from: then it begins anew. */
export function readHalfDone(path: string, { seed, steps }: { seed: number; steps: number }): HalfDone | null {
  if (!existsSync(path)) return null;
  try {
    const bytes = readInput(path, 'saved state');
    const state = decodeState(bytes, path);
    const history = new History(JSON.parse(decodeSafetensors(bytes, path).metadata.history as string));
    return state.seed === seed && state.step <= steps && history.losses.length === state.step
      ? { state, history }
      : null;
  } catch {
    return null; // of a disk that lost power, say: the run costs minutes, a wrong start would cost its result
  }
}

export const forgetHalfDone = (path: string): void => rmSync(path, { force: true });
