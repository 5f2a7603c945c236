// The rules by which evidence becomes a verdict. They see numbers only: no preset, no file name, no training.
import type { HeadScores } from '../attention/headScores.ts';

export const VERDICTS = ['induction', 'positional shortcut', 'mixed', 'other circuit', 'not learned'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A head follows the period when its excess is above this (share of attention). */
export const FOLLOWS = 0.3;
/** A head keeps its stripe when, without any repeat, this much attention above chance stays on the offset. */
export const KEEPS_STRIPE = 0.3;
/** So many different periods must be solved before a model is said to solve the task and not one period. */
export const PERIODS_NEEDED = 5;
/** A path is needed when less than this share of the followers' excess is left without it. */
export const DESTROYED = 0.5;
/** Periods at most this far from the best one may be solved by a blurred offset. */
export const NEIGHBOUR = 2;
/** A deciding number within this share of its threshold makes a close call. */
export const CLOSE = 0.15;

/** A number that decided, beside its threshold. `margin` is positive when it lies above. */
export interface Margin {
  readonly what: string;
  readonly value: number;
  readonly threshold: number;
  readonly margin: number;
  readonly close: boolean;
}

export const marginOf = (what: string, value: number, threshold: number): Margin => ({
  what,
  value,
  threshold,
  margin: value - threshold,
  close: Math.abs(value - threshold) < CLOSE * threshold,
});

export interface PeriodLoss {
  readonly period: number;
  readonly lossRepeat: number;
}

/** Which periods are solved, and which of them cannot come from the best one by a fixed or blurred offset. */
export interface Solved {
  readonly solved: readonly number[];
  readonly best: number | null;
  readonly independent: readonly number[];
  /** Periods solved by a wide margin, and with periods that almost are. */
  readonly atLeast: number;
  readonly atMost: number;
}

/** Whether a model that looks a fixed distance back at `best` may solve this period too. */
export const isRelated = (best: number, period: number): boolean =>
  best % period === 0 || period % best === 0 || Math.abs(period - best) <= NEIGHBOUR;

export function solvedPeriods(periods: readonly PeriodLoss[], threshold: number): Solved {
  const below = (limit: number): PeriodLoss[] => periods.filter((p) => p.lossRepeat < limit);
  const solved = below(threshold);
  const names = solved.map((p) => p.period);
  const best = solved.length === 0 ? null : solved.reduce((a, b) => (b.lossRepeat < a.lossRepeat ? b : a)).period;
  return {
    solved: names,
    best,
    independent: best === null ? [] : names.filter((p) => !isRelated(best, p)),
    atLeast: below(threshold * (1 - CLOSE)).length,
    atMost: below(threshold * (1 + CLOSE)).length,
  };
}

/** Mean excess of a head over some of the sweep's periods. */
export function excessOver(head: HeadScores, sweep: readonly number[], chosen: readonly number[]): number {
  if (chosen.length === 0) return 0;
  return (
    chosen.reduce((sum, period) => sum + (head.excessByPeriod[sweep.indexOf(period)] as number), 0) / chosen.length
  );
}

/**
 * Attention above chance that a head keeps, without a repeat, on the offset P − 1 of a period and its neighbours, summed
 * over those above chance. Offsets 0 and 1 never count: the current and the previous token are no distance to look back.
 * Where no single offset has half of what makes a stripe, attention is broad, no stripe, and only its peak counts.
 */
export function keptStripe(head: HeadScores, period: number): number {
  const from = Math.max(2, period - 1 - NEIGHBOUR);
  const offsets = head.offsetsAboveChance.slice(from, period + NEIGHBOUR).map((x) => Math.max(0, x));
  const peak = Math.max(0, ...offsets);
  return peak < KEEPS_STRIPE / 2 ? peak : offsets.reduce((sum, x) => sum + x, 0);
}

/** What the rules decide from. */
export interface Findings extends Solved {
  readonly layers: number;
  /** Largest excess of a head over the independent solved periods. */
  readonly largestExcess: number;
  /** Largest stripe that a head keeps on the control at the best period. */
  readonly largestKeptStripe: number;
  /** Share of the excess left when the earlier layers are removed from the K input of the heads that follow; null if not tested. */
  readonly excessLeftWithoutK: number | null;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly margins: readonly Margin[];
  /** Why, in one sentence without numbers. */
  readonly reason: string;
}

/** The verdict with the margins of the numbers that decided it. */
export function judge(f: Findings): Judgement {
  const count: Margin = {
    ...marginOf('different periods solved', f.solved.length, PERIODS_NEEDED),
    close: f.atLeast >= PERIODS_NEEDED !== f.atMost >= PERIODS_NEEDED,
  };
  if (f.best === null)
    return {
      verdict: 'not learned',
      margins: [{ ...marginOf('different periods solved', 0, 1), close: f.atMost > 0 }],
      reason: 'No period of the sweep is solved.',
    };
  const stripe = marginOf('attention kept on the offset without a repeat', f.largestKeptStripe, KEEPS_STRIPE);
  const excess = marginOf('attention that follows the period', f.largestExcess, FOLLOWS);
  const keepsStripe = stripe.margin > 0;
  if (f.independent.length === 0)
    return keepsStripe
      ? {
          verdict: 'positional shortcut',
          margins: [stripe],
          reason:
            'Only one period (and its divisors or close neighbours) is solved, and a head looks the same distance back when nothing repeats.',
        }
      : {
          verdict: 'mixed',
          margins: [stripe],
          reason: 'Only one period and its neighbours are solved, yet no head keeps that offset when nothing repeats.',
        };
  const many = f.solved.length >= PERIODS_NEEDED;
  const follows = excess.margin > 0;
  const needsK = f.excessLeftWithoutK === null || f.excessLeftWithoutK < DESTROYED;
  const k =
    f.excessLeftWithoutK === null
      ? []
      : [marginOf('share of that left without the K path', f.excessLeftWithoutK, DESTROYED)];
  if (keepsStripe)
    return {
      verdict: 'mixed',
      margins: [count, excess, stripe],
      reason: 'Several periods are solved, and yet a head also looks a fixed distance back when nothing repeats.',
    };
  if (many && follows && needsK)
    return {
      verdict: 'induction',
      margins: [count, excess, stripe, ...k],
      reason:
        f.layers === 1
          ? 'Many periods are solved and attention follows the period.'
          : 'Many periods are solved, attention follows the period, and it stops doing so when the earlier layers are taken out of its keys.',
    };
  if (many)
    return {
      verdict: 'other circuit',
      margins: [count, excess, ...(follows ? k : [])],
      reason: follows
        ? 'Many periods are solved and attention follows the period, but not through keys that earlier layers built.'
        : 'Many periods are solved, but no head attends to the token after the earlier copy.',
    };
  return {
    verdict: 'mixed',
    margins: [count, excess, stripe],
    reason:
      'A few unrelated periods are solved: more than one fixed distance explains, fewer than induction would give.',
  };
}
