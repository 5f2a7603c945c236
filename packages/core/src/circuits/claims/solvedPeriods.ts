// Which periods a model solves, and which of them one fixed distance back cannot explain.
import { NEIGHBOUR } from './thresholds.ts';

/** The loss on a repeat at one period, nats. */
export interface PeriodLoss {
  readonly period: number;
  readonly lossRepeat: number;
}

/** Which periods are solved, and which of them cannot come from the best one by a fixed or blurred offset. */
export interface Solved {
  readonly solved: readonly number[];
  readonly best: number | null;
  readonly independent: readonly number[];
}

/** Whether a model that looks a fixed distance back at `best` may solve this period too. */
export const isRelated = (best: number, period: number): boolean =>
  best % period === 0 || period % best === 0 || Math.abs(period - best) <= NEIGHBOUR;

/** The periods below a threshold of lossRepeat, in nats, told apart. */
export function solvedPeriods(periods: readonly PeriodLoss[], threshold: number): Solved {
  const solved = periods.filter((p) => p.lossRepeat < threshold);
  const names = solved.map((p) => p.period);
  const best = solved.length === 0 ? null : solved.reduce((a, b) => (b.lossRepeat < a.lossRepeat ? b : a)).period;
  return {
    solved: names,
    best,
    independent: best === null ? [] : names.filter((p) => !isRelated(best, p)),
  };
}
