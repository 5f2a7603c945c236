// Where heads look sharply: one list of places that explain a pattern without a circuit. A pattern is not yet a job.
import type { HeadScores, HeadScoresRecord } from './headScoresRecord.ts';

/** A place to look at, and the share of attention above chance that a head has there beyond what another place explains. */
export interface HeadLook {
  readonly place:
    | 'first token'
    | 'previous token'
    | 'same token'
    | 'fixed distance'
    | 'duplicate'
    | 'after the duplicate';
  /** The share of attention above chance. */
  readonly share: number;
  /** What a head is called that looks there: "duplicate-token pattern". */
  readonly label: string;
}

type Measured = Pick<HeadScoresRecord, 'chance' | 'stripePeriod'>;
type Place = readonly [
  place: HeadLook['place'],
  label: (head: HeadScores) => string,
  share: (head: HeadScores, measured: Measured) => number,
];

/** Positions first: what a head does where nothing repeats needs no content. */
const PLACES: readonly Place[] = [
  ['first token', () => 'first-token pattern', (head, { chance }) => head.firstToken.value - chance.firstToken],
  [
    'previous token',
    () => 'previous-token pattern',
    (head, { chance }) => head.previousToken.value - chance.previousToken,
  ],
  ['same token', () => 'same-token pattern', (head, { chance }) => head.currentToken.value - chance.currentToken],
  [
    'fixed distance',
    ({ positionalOffset }) => `${positionalOffset.offset}-back pattern`,
    ({ positionalOffset }) => positionalOffset.aboveChance,
  ],
  [
    'duplicate',
    () => 'duplicate-token pattern',
    // On two copies of a block the copy is a period back: what is kept of that distance without a repeat is no content.
    (head, { chance, stripePeriod }) =>
      head.duplicateToken.value - chance.duplicateToken - Math.max(0, head.offsetsAboveChance[stripePeriod] ?? 0),
  ],
  ['after the duplicate', () => 'after-duplicate pattern', (head) => head.inductionExcess.value],
];

/** A pattern is sharp when more than half of the attention goes to one place, above chance. */
export const SHARP = 0.5;

/** The place that a head looks at sharply, the first of the list among equals; null where there is none. */
export function headLook(head: HeadScores, measured: Measured): HeadLook | null {
  let best: HeadLook | null = null;
  for (const [place, label, shareOf] of PLACES) {
    const share = shareOf(head, measured);
    if (share > Math.max(SHARP, best?.share ?? 0)) best = { place, share, label: label(head) };
  }
  return best;
}
