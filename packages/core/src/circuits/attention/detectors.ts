// The built-in detectors, by the names that their scores have in records (docs/scores.md).
import { firstDrawn, type Opening } from '../../model/startToken.ts';
import { copyKeys } from './contentScore.ts';
import { type Detector, PROBES, type ProbeName } from './detector.ts';
import { currentTokenLine, firstTokenLine, previousTokenLine } from './fixedKeyScores.ts';
import { stripeLine } from './inductionStripe.ts';
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
    const { from, key } = lineOf(length);
    return query >= from ? [key(query)] : [];
  },
  counts: ({ length }, query) => {
    const { from, to } = lineOf(length);
    return query >= from && query < to;
  },
});

const byContent = (name: ScoreName, on: ProbeName, shift: 0 | 1): BuiltIn => ({
  ...{ name, on, byPosition: false },
  keys: (tokens, query) => copyKeys(tokens, query, shift),
});

/** In the order in which records have them on each probe; `start` is where the first drawn token stands. */
const builtIn = (start: number): readonly BuiltIn[] => [
  onLine('previousToken', 'control', (length) => previousTokenLine(length - 1, start)),
  onLine('previousTokenFirstHalf', 'control', (length) =>
    previousTokenLine(start + Math.floor((length - start) / 2), start),
  ),
  onLine('currentToken', 'control', (length) => currentTokenLine(length - 1, start)),
  onLine('firstToken', 'control', (length) => firstTokenLine(length - 1, start)),
  onLine('inductionStripe', 'repeat', (length) => stripeLine({ start, period: (length - start) / 2, length })),
  byContent('inductionByContent', 'repeat', 1),
  byContent('duplicateToken', 'repeat', 0),
  byContent('prefixMatching', 'fourfold', 1),
];

/** Where the heads of these scores look in any sequence: a query counts wherever it has a key. */
export const jobs = (names: readonly ScoreName[]): readonly Detector[] =>
  names.map((name) => ({ name, keys: builtIn(0).find((detector) => detector.name === name)!.keys }));

/** The built-in detectors of each kind of sequences, for a model's: their positions count from behind what sequences begin with. */
export function builtInDetectors(config: Opening): Readonly<Record<ProbeName, readonly BuiltIn[]>> {
  const all = builtIn(firstDrawn(config));
  return Object.fromEntries(PROBES.map((probe) => [probe, all.filter(({ on }) => on === probe)])) as unknown as Record<
    ProbeName,
    readonly BuiltIn[]
  >;
}
