// The loss that a run ended with, wherever it is told: a single batch is noisy.

/** Steps averaged for the loss that a run ended with. */
export const LAST_STEPS = 20;

/** Losses of one step, nats; null where the task has no such position. */
export interface LossParts {
  readonly lossFirst: number | null;
  readonly lossBoundary: number | null;
  readonly lossRepeat: number | null;
}

/** Means over the last 20 of the steps given, or over all where there are fewer; null for a part that none of them has. */
export function finalLosses(steps: readonly LossParts[]): LossParts {
  const last = steps.slice(-LAST_STEPS);
  const mean = (part: keyof LossParts): number | null => {
    const values = last.map((step) => step[part]).filter((x): x is number => x !== null);
    return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
  };
  return { lossFirst: mean('lossFirst'), lossBoundary: mean('lossBoundary'), lossRepeat: mean('lossRepeat') };
}
