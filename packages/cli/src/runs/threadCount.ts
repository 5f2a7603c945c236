import { availableParallelism } from 'node:os';

/** Training threads where nobody says how many: one for each core, at most 8. */
export const usualThreads = (): number => Math.min(8, availableParallelism());
