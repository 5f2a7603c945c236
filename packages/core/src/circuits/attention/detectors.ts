// The built-in detectors, by the names that their scores have in records (docs/scores.md).
import { copyKeys } from './contentScore.ts';
import { type Detector, PROBES, type ProbeName } from './detector.ts';
import { currentTokenLine, firstTokenLine, previousTokenLine } from './fixedKeyScores.ts';
import { stripeLine, twoCopies } from './inductionStripe.ts';
import type { Line } from './line.ts';
import type { ScoreName } from './scoreTable.ts';

/** A detector that a score is named after. */
export interface BuiltIn extends Detector {
  readonly name: ScoreName;
  readonly on: ProbeName;
  /** Whether its keys are the same in all sequences, which is where its chance level needs only one. */
  readonly byPosition: boolean;
}

const onLine = (name: ScoreName, on: ProbeName, lineOf: (length: number) => Line): BuiltIn => ({
  ...{ name, on, byPosition: true },
  keys: ({ length }, query) => {
    const { from, to, key } = lineOf(length);
    return query >= from && query < to ? [key(query)] : [];
  },
});

const byContent = (name: ScoreName, on: ProbeName, shift: 0 | 1): BuiltIn => ({
  ...{ name, on, byPosition: false },
  keys: (tokens, query) => copyKeys(tokens, query, shift),
});

/** In the order in which records have them on each probe. */
const BUILT_IN: readonly BuiltIn[] = [
  onLine('previousToken', 'control', (length) => previousTokenLine(length - 1)),
  onLine('previousTokenFirstHalf', 'control', (length) => previousTokenLine(Math.floor(length / 2))),
  onLine('currentToken', 'control', (length) => currentTokenLine(length - 1)),
  onLine('firstToken', 'control', (length) => firstTokenLine(length - 1)),
  onLine('inductionStripe', 'repeat', (length) => stripeLine(twoCopies(length / 2))),
  byContent('inductionByContent', 'repeat', 1),
  byContent('duplicateToken', 'repeat', 0),
  byContent('prefixMatching', 'fourfold', 1),
];

/** The built-in detectors of each kind of sequences. */
export const DETECTORS: Readonly<Record<ProbeName, readonly BuiltIn[]>> = Object.fromEntries(
  PROBES.map((probe) => [probe, BUILT_IN.filter(({ on }) => on === probe)]),
) as unknown as Record<ProbeName, readonly BuiltIn[]>;
