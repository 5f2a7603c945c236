// All detectors of a measurement at their sequences: which cells each sums over there, and where its numbers go.
import type { ModelConfig } from '../../model/config.ts';
import type { PatternVisit } from '../data/patternRuns.ts';
import type { Estimate } from '../statistics/estimate.ts';
import {
  type CountedQuery,
  chanceOn,
  countedQueries,
  type Detector,
  type ProbeName,
  scoreOn,
  withoutContent,
} from './detector.ts';
import { builtInDetectors } from './detectors.ts';
import { type ScoreName, ScoreTable } from './scoreTable.ts';

/** The sequences of each kind, as many of each. */
export type Probes = Readonly<Record<ProbeName, readonly Int32Array[]>>;

/** What a head scores by a detector of the user's. */
export interface DetectorScore {
  readonly score: Estimate;
  /** The same queries and keys where nothing repeats; null of a detector that is measured there. */
  readonly control: Estimate | null;
}

/** A detector of the user's, and its chance level. */
export interface DetectorChance {
  /** The detector. */
  readonly name: string;
  readonly on: ProbeName;
  /** What uniform attention scores. */
  readonly chance: number;
}

/** One score as it is gathered: the cells by sequence, and the table that it goes into. */
interface Gathered {
  readonly name: string;
  readonly cells: (sequence: number) => readonly CountedQuery[];
  readonly into: ScoreTable<string>;
}

export interface ScoredDetectors {
  /** Scores a pattern by all that is measured on those sequences. */
  score(probe: ProbeName, visit: PatternVisit): void;
  /** Chance levels of the built-in scores, but for that of an excess. */
  readonly chance: ReadonlyMap<ScoreName, number>;
  /** The user's detectors in the order given. */
  readonly own: readonly DetectorChance[];
  /** What a head scores by each of them. */
  ownScores(head: number): Record<string, DetectorScore>;
}

interface Setting {
  readonly config: ModelConfig;
  readonly probes: Probes;
  readonly table: ScoreTable<ScoreName>;
}

/** Sets up the built-in detectors, whose scores go into `table`, and the user's. */
export function scoredDetectors(own: readonly Detector[], { config, probes, table }: Setting): ScoredDetectors {
  const heads = config.nLayers * config.nHeads;
  const builtIn = builtInDetectors(config);
  /** The detector whose cells on the control are a score of their own. */
  const stripe = builtIn.repeat.find(({ name }) => name === 'inductionStripe')!;
  const [scores, controls] = [0, 1].map(() => new ScoreTable<string>(heads, probes.control.length));
  // Where no token can come twice on the control, content cannot act there, and nothing need be looked up.
  const contentActs = config.nCtx > config.dVocab;
  /** The detector's cells, as they are on the sequences of a kind. */
  const cells = (detector: Detector, probe: ProbeName): Gathered['cells'] =>
    ofLast((sequence) => {
      const counted = countedQueries(detector, probes[detector.on ?? 'repeat'][sequence]!);
      return probe === 'control' && contentActs ? withoutContent(counted, probes.control[sequence]!) : counted;
    });
  const gathered = (
    detector: Detector,
    probe: ProbeName,
    into: ScoreTable<string>,
    name = detector.name,
  ): Gathered => ({
    ...{ name, into, cells: cells(detector, probe) },
  });
  const of = (probe: ProbeName): Gathered[] => [
    ...builtIn[probe].map((detector) => gathered(detector, probe, table)),
    ...(probe === 'control' && probes.repeat.length > 0
      ? [gathered(stripe, probe, table, 'inductionStripeControl')]
      : []),
    ...own.flatMap((detector) => {
      if ((detector.on ?? 'repeat') === probe) return [gathered(detector, probe, scores!)];
      const measured = probes[detector.on ?? 'repeat'].length > 0;
      return probe === 'control' && measured ? [gathered(detector, probe, controls!)] : [];
    }),
  ];
  const all = { control: of('control'), repeat: of('repeat'), fourfold: of('fourfold') };
  return {
    score: (probe, { head, sequence, attention }) => {
      for (const { name, cells, into } of all[probe])
        into.set({ name, head, sequence }, scoreOn(cells(sequence), attention));
    },
    chance: builtInChance(builtIn, probes),
    own: own.map((detector) => {
      const { name, on = 'repeat' } = detector;
      return { name, on, chance: chanceOn(probes[on].map((_, sequence) => cells(detector, on)(sequence))) };
    }),
    ownScores: (head) => {
      const [score, control] = [scores!.estimates(head), controls!.estimates(head)];
      return Object.fromEntries(
        own.map(({ name, on }) => [name, { score: score[name]!, control: on === 'control' ? null : control[name]! }]),
      );
    },
  };
}

function builtInChance(builtIn: ReturnType<typeof builtInDetectors>, probes: Probes): Map<ScoreName, number> {
  const found = new Map<ScoreName, number>();
  for (const detector of Object.values(builtIn).flat()) {
    const sequences = detector.byPosition ? probes[detector.on].slice(0, 1) : probes[detector.on];
    found.set(detector.name, chanceOn(sequences.map((tokens) => countedQueries(detector, tokens))));
  }
  return found.set('inductionStripeControl', found.get('inductionStripe')!);
}

/** A function of a sequence's index that remembers its last value: all heads of a layer ask for the same sequence in turn. */
function ofLast<T>(make: (sequence: number) => T): (sequence: number) => T {
  let last: { sequence: number; value: T } | null = null;
  return (sequence) => {
    if (last?.sequence !== sequence) last = { sequence, value: make(sequence) };
    return last.value;
  };
}
