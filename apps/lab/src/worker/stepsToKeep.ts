// Which steps of a run are kept, so that one can go back to them.
import { type Experiment, parameterCount } from '@induction-lab/core/browser';

/** States are kept often while circuits are born, and less often later. */
const FINE = { every: 10, until: 400 };
const COARSE = 50;
/** The very first steps that are kept besides. */
const FIRST = [1, 2, 4];
/** Bytes that all kept states of a run on the bench may take: a phone has no more to spare. */
export const KEPT_BYTES = 64e6;

/** Whole numbers from `from` to below `to`, `every` apart: how many, and the i-th. */
const spaced = (from: number, to: number, every: number): { count: number; at: (i: number) => number } => ({
  count: Math.max(0, Math.ceil((to - from) / every)),
  at: (i) => from + i * every,
});

/** The steps to keep, evenly thinned where the bytes do not allow all: none of the others is listed, however long the run. */
export function stepsToKeep({ model, training: { steps } }: Experiment, bytes: number): readonly number[] {
  const stateBytes = 3 * 4 * parameterCount(model); // weights and two moments
  const begun = [0, ...FIRST.filter((step) => step < steps)];
  const stretches = [
    { count: begun.length, at: (i: number) => begun[i]! },
    spaced(FINE.every, Math.min(FINE.until, steps), FINE.every),
    spaced(FINE.until, steps, COARSE),
  ];
  const usual = stretches.reduce((sum, { count }) => sum + count, 0);
  const every = Math.ceil((usual + 1) / Math.max(1, Math.floor(bytes / stateBytes) - 1));
  const kept: number[] = [];
  let before = 0;
  for (const { count, at } of stretches) {
    for (let i = (every - (before % every)) % every; i < count; i += every) kept.push(at(i));
    before += count;
  }
  return [...kept, steps];
}
