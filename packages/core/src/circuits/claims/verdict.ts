// The rules by which the map becomes a verdict. They see numbers only: no preset, no file name, no training.
import { DESTROYED, FOLLOWS, KEEPS_STRIPE, type Margin, marginOf, NEEDED, PLACES_NEEDED } from './thresholds.ts';

/** What an audit can come to; docs/scores.md has the rules. */
export const VERDICTS = ['induction', 'positional shortcut', 'mixed', 'other circuit', 'not learned'] as const;
/** One of VERDICTS. */
export type Verdict = (typeof VERDICTS)[number];

/** The numbers that the rules decide by. Shares of places are of those measured, shares lost are of the loss drop. */
export interface Grounds {
  readonly layers: number;
  /** Places solved by content, and those solved just as well by position. */
  readonly byContent: number;
  readonly byPosition: number;
  /** Distances at which, wherever the first copy starts, most places are solved by position. */
  readonly keptDistances: number;
  /** Largest attention of a head that follows the repeat, on places solved by content. */
  readonly largestExcess: number;
  /** Largest stripe that a head keeps without a repeat, on places solved by position. */
  readonly largestKeptStripe: number;
  /** Share lost without the heads that follow; null where none does. */
  readonly lostWithoutFollowers: number | null;
  /** Share lost without what earlier layers wrote into keys, on places solved by content; null if not tested. */
  readonly lostWithoutK: number | null;
  /** Share of the followers' attention left without it. */
  readonly excessLeftWithoutK: number | null;
  /** Share lost without the heads that keep a distance, on places solved by position; null where there is none. */
  readonly lostWithoutPositional: number | null;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly margins: readonly Margin[];
  /** Why, in one sentence without numbers. */
  readonly reason: string;
}

/** The verdict with the margins of the numbers that decided it. */
export function judge(grounds: Grounds): Judgement {
  const { byContent, byPosition } = grounds;
  const content = marginOf('share of places solved by content', byContent, PLACES_NEEDED);
  if (content.margin > 0) return judgeContent(grounds, content);
  if (byPosition > 0)
    return {
      verdict: 'positional shortcut',
      margins: [
        content,
        marginOf('attention kept on the offset without a repeat', grounds.largestKeptStripe, KEEPS_STRIPE),
      ],
      reason:
        'What is solved is solved just as well where nothing repeats: the model looks a fixed distance back, whatever the tokens.',
    };
  return { verdict: 'not learned', margins: [content], reason: 'Hardly any place of the map is solved.' };
}

/** Places are solved by content: through attention that follows the repeat, and keys that earlier layers built? */
function judgeContent(grounds: Grounds, content: Margin): Judgement {
  const { layers, byPosition, keptDistances, largestExcess, lostWithoutFollowers, lostWithoutK } = grounds;
  const { excessLeftWithoutK, lostWithoutPositional } = grounds;
  const excess = marginOf('attention that follows the period', largestExcess, FOLLOWS);
  const margins = [content, excess];
  const measured = (what: string, value: number | null, threshold: number): Margin | null => {
    const margin = value === null ? null : marginOf(what, value, threshold);
    if (margin) margins.push(margin);
    return margin;
  };
  const followers = measured('share lost without the heads that follow', lostWithoutFollowers, NEEDED);
  const kept = measured('share of that left without the K path', excessLeftWithoutK, DESTROYED);
  const positional = measured('share lost without the heads that keep a distance', lostWithoutPositional, NEEDED);
  const follows = excess.margin > 0 && followers !== null && followers.margin > 0;
  const byKeys = kept === null ? layers === 1 : kept.margin < 0;
  if (
    (byPosition > PLACES_NEEDED || keptDistances > 0) &&
    positional !== null &&
    positional.margin > 0 &&
    (lostWithoutK ?? lostWithoutFollowers ?? 0) > NEEDED
  )
    return {
      verdict: 'mixed',
      margins,
      reason:
        'Some places are solved by content and others by a fixed distance, and each goes without its own mechanism.',
    };
  if (follows && byKeys)
    return {
      verdict: 'induction',
      margins,
      reason:
        layers === 1
          ? 'Places are solved by content, and attention follows the repeat.'
          : 'Places are solved by content: attention follows the repeat, and it stops doing so when the earlier layers are taken out of its keys.',
    };
  return {
    verdict: 'other circuit',
    margins,
    reason: follows
      ? 'Places are solved by content and attention follows the repeat, but not through keys that earlier layers built.'
      : excess.margin > 0
        ? 'Places are solved by content, but hardly by the heads that attend to the token after the earlier copy.'
        : 'Places are solved by content, but no head attends to the token after the earlier copy.',
  };
}
