import type { SegmentLosses } from '../tasks/segments.ts';

/** What a step measured. Losses are in nats, before the step's update. */
export interface StepLosses {
  /** Counted from 1. */
  readonly step: number;
  /** Mean over the positions trained on. */
  readonly loss: number;
  /** Mean loss over each segment of the task; null where no sequence of the batch has such a position. */
  readonly segments: SegmentLosses;
  /** The rate of this step. */
  readonly learningRate: number;
  /** Global norm of the gradient, before clipping. */
  readonly gradientNorm: number;
  /** Mean loss at each query position 0 … T − 2; null where no sequence of the batch is that long. */
  readonly perPosition: readonly (number | null)[];
}
