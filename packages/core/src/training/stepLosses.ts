/** What a step measured. Losses are in nats, before the step's update; null where the task has no such position. */
export interface StepLosses {
  readonly step: number;
  /** Mean over the positions trained on. */
  readonly loss: number;
  readonly lossFirst: number | null;
  readonly lossBoundary: number | null;
  readonly lossRepeat: number | null;
  readonly learningRate: number;
  /** Global norm of the gradient, before clipping. */
  readonly gradientNorm: number;
  /** Mean loss at each query position 0 … T − 2. */
  readonly perPosition: readonly number[];
}
