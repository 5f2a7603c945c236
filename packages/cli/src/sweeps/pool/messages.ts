// What a pool and its processes say to each other.
import type { Job } from '../jobs/job.ts';
import type { JobResult } from '../jobs/jobResult.ts';

/** Orders to a process. */
export type Order =
  | { readonly kind: 'run'; readonly job: Job; readonly half: string; readonly threads: number }
  | { readonly kind: 'stop' };

/** Answers of a process. */
export type Answer =
  | { readonly kind: 'step'; readonly step: number }
  | { readonly kind: 'done'; readonly result: JobResult }
  /** The job cannot be done, and would fail again. */
  | { readonly kind: 'failed'; readonly sentence: string }
  /** Something about this machine is wrong: its disk is full, say. */
  | { readonly kind: 'broken'; readonly sentence: string }
  | { readonly kind: 'stopped' };
