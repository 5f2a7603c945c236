// How far work in many small steps is, shown from within its loop, which leaves no timer a turn.
import { MeasuringProgress, type MeasuringProgressOptions } from './measuringProgress.ts';

/** Steps between looks at the clock. */
const EVERY = 50;

/**
 * Does `work`, which says after its steps how many of them are done, and shows that as progress of one `stage`: "collect:
 * reading results, 40 %, 12 s left". The line is gone when the work ends, however it ends.
 */
export async function showingSteps<T>(
  stage: string,
  options: MeasuringProgressOptions,
  work: (onStep: (done: number, of: number) => void) => T | Promise<T>,
): Promise<T> {
  const progress = new MeasuringProgress(options);
  progress.note(stage, 0, 0);
  try {
    return await work((done, of) => {
      if (done % EVERY !== 0) return;
      progress.note(stage, done, of);
      progress.show();
    });
  } finally {
    progress.end();
  }
}
