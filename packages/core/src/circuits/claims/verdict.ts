// The rules by which evidence becomes a verdict. They see numbers only: no preset, no file name, no training.
import type { Solved } from './solvedPeriods.ts';
import { DESTROYED, FOLLOWS, KEEPS_STRIPE, type Margin, marginOf, PERIODS_NEEDED } from './thresholds.ts';

export const VERDICTS = ['induction', 'positional shortcut', 'mixed', 'other circuit', 'not learned'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The numbers that the rules decide by. */
export interface Grounds extends Solved {
  readonly layers: number;
  /** Largest excess of a head over the independent solved periods. */
  readonly largestExcess: number;
  /** Largest stripe that a head keeps on the control at the best period. */
  readonly largestKeptStripe: number;
  /** Share of the excess left when the edges from the earlier layers into the followers' keys are ablated; null if not tested. */
  readonly excessLeftWithoutK: number | null;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly margins: readonly Margin[];
  /** Why, in one sentence without numbers. */
  readonly reason: string;
}

/** The verdict with the margins of the numbers that decided it. */
export function judge(grounds: Grounds): Judgement {
  if (grounds.best === null)
    return {
      verdict: 'not learned',
      margins: [{ ...marginOf('different periods solved', 0, 1), close: grounds.atMost > 0 }],
      // Records keep their words: the periods of the scan were a sweep when the first were written.
      reason: 'No period of the sweep is solved.',
    };
  const stripe = marginOf('attention kept on the offset without a repeat', grounds.largestKeptStripe, KEEPS_STRIPE);
  return grounds.independent.length === 0 ? judgeOnePeriod(stripe) : judgeSeveral(grounds, stripe);
}

/** Only one period and its relatives are solved: is a fixed distance behind it? */
const judgeOnePeriod = (stripe: Margin): Judgement =>
  stripe.margin > 0
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

/** Unrelated periods are solved: is it by attention that follows the period, through keys that earlier layers built? */
function judgeSeveral(grounds: Grounds, stripe: Margin): Judgement {
  const { solved, atLeast, atMost, layers, largestExcess, excessLeftWithoutK: left } = grounds;
  const count: Margin = {
    ...marginOf('different periods solved', solved.length, PERIODS_NEEDED),
    close: atLeast >= PERIODS_NEEDED !== atMost >= PERIODS_NEEDED,
  };
  const excess = marginOf('attention that follows the period', largestExcess, FOLLOWS);
  const k = left === null ? [] : [marginOf('share of that left without the K path', left, DESTROYED)];
  const follows = excess.margin > 0;
  if (stripe.margin > 0)
    return {
      verdict: 'mixed',
      margins: [count, excess, stripe],
      reason: 'Several periods are solved, and yet a head also looks a fixed distance back when nothing repeats.',
    };
  if (solved.length < PERIODS_NEEDED)
    return {
      verdict: 'mixed',
      margins: [count, excess, stripe],
      reason:
        'A few unrelated periods are solved: more than one fixed distance explains, fewer than induction would give.',
    };
  if (follows && (left === null || left < DESTROYED))
    return {
      verdict: 'induction',
      margins: [count, excess, stripe, ...k],
      reason:
        layers === 1
          ? 'Many periods are solved and attention follows the period.'
          : 'Many periods are solved, attention follows the period, and it stops doing so when the earlier layers are taken out of its keys.',
    };
  return {
    verdict: 'other circuit',
    margins: [count, excess, ...(follows ? k : [])],
    reason: follows
      ? 'Many periods are solved and attention follows the period, but not through keys that earlier layers built.'
      : 'Many periods are solved, but no head attends to the token after the earlier copy.',
  };
}
