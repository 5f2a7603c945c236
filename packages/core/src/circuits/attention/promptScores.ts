// Scores of heads on given prompts, at the queries that count: those of the scores that mean something on any sequence.
import * as z from 'zod/mini';
import { allHeads, headLabel } from '../../model/heads.ts';
import type { MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions, commonFields, instanceSchema } from '../checks.ts';
import { describeMeasure, type MeasuredBy } from '../data/measuredBy.ts';
import { PromptSet } from '../data/promptSet.ts';
import type { Prompts } from '../data/prompts.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate } from '../statistics/estimate.ts';
import { meanOfMeasured } from '../statistics/missing.ts';
import { type CountedQuery, countedQueries, type Detector, scoreOn } from './detector.ts';
import { jobs } from './detectors.ts';
import { uniformAttention } from './line.ts';
import { checkAnswers, checkDetectors, onCopies } from './ownDetectors.ts';
import type { DetectorChance, DetectorScore } from './scoredDetectors.ts';

/** The scores that have a meaning on given prompts. */
export const PROMPT_SCORES = [
  'previousToken',
  'currentToken',
  'firstToken',
  'duplicateToken',
  'inductionByContent',
] as const;
/** The name of a score that has a meaning on given prompts. */
export type PromptScoreName = (typeof PROMPT_SCORES)[number];

/** One head's scores on the prompts: shares of attention, NaN where no query of the prompts counts. */
export type PromptHeadScores = Readonly<Record<PromptScoreName, Estimate>> & {
  /** L0H3 */
  readonly label: string;
  readonly layer: number;
  readonly head: number;
  /** By the user's detectors, where there are any. On given prompts they have no control. */
  readonly detectors?: Readonly<Record<string, DetectorScore>>;
};

/** Scores of every head on given prompts. */
export interface PromptScoresRecord {
  readonly heads: readonly PromptHeadScores[];
  /** What uniform attention scores on these prompts. */
  readonly chance: Readonly<Record<PromptScoreName, number>>;
  /** The user's detectors in the order given, each with what uniform attention scores; where there are any. */
  readonly detectors?: readonly Pick<DetectorChance, 'name' | 'chance'>[];
  /** Why the other scores are not there. */
  readonly doesNotApply: string;
  /** How many sequences were measured. */
  readonly sequences: number;
  /** What the model makes of the prompts, by `measure`. */
  readonly measured: Estimate;
  readonly measure: MeasuredBy;
}

const LEFT_OUT =
  'Stripe, excess, prefix matching, offset and positionality are defined on repeats that are drawn and on sequences without a repeat; they have no meaning on given prompts.';

const optionsSchema = z.strictObject({
  measure: z.optional(instanceSchema),
  detectors: z.optional(z.unknown()), // checkDetectors says what they may be
  onProgress: commonFields.onProgress,
});

/** How prompts are scored. */
export interface PromptScoresOptions {
  readonly measure?: MeasureName | Measure;
  /** Detectors of your own beside the built-in ones. */
  readonly detectors?: readonly Detector[];
  readonly onProgress?: OnProgress;
}

/**
 * Every head's attention, at the queries that count, to the token before, to the token itself, to the first one, to earlier copies of the
 * query's token and to what follows them, and by detectors of your own. Throws an Error that names sequence and query where a
 * prompt cannot be meant, a DetectorError where a detector's answer cannot, a NotFiniteError when a loss is not finite.
 */
export function promptScores(model: Model, prompts: Prompts, options: PromptScoresOptions = {}): PromptScoresRecord {
  const caller = 'promptScores';
  checkModel(caller, model);
  checkOptions(caller, optionsSchema, options);
  const { measure = 'loss', detectors = [], onProgress } = options;
  checkDetectors(caller, detectors);
  const set = new PromptSet(model, { prompts, measure }, caller);
  checkAnswers(caller, detectors, () => ({
    ...{ sequences: set.prompts, called: 'given prompts' },
    remedy: 'its keys, or at the queries of the prompts',
  }));
  const progress = new Progress(onProgress, set.size);
  const record = set.reporting(progress, () => scoresOn(set, detectors.map(onCopies)));
  progress.finish();
  return record;
}

/** What a detector gives on the prompts. */
interface Gathered {
  readonly name: string;
  /** The queries that count, with their keys, of each sequence. */
  readonly cells: readonly (readonly CountedQuery[])[];
  /** [head][sequence] */
  readonly scores: readonly Float64Array[];
}

/** The same on a set, with detectors that were checked. */
export function scoresOn(set: PromptSet, own: readonly Detector[] = []): PromptScoresRecord {
  const heads = allHeads(set.model.config);
  const gathered = (detector: Detector): Gathered => ({
    name: detector.name,
    cells: set.prompts.map(({ tokens, queries }) => countedQueries(detector, tokens, queries)),
    scores: heads.map(() => new Float64Array(set.sequences)),
  });
  const [builtIn, owned] = [jobs(PROMPT_SCORES).map(gathered), own.map(gathered)];
  const all = [...builtIn, ...owned];
  set.measured([], {
    visit: ({ sequence, head, attention }) => {
      for (const { cells, scores } of all) scores[head]![sequence] = scoreOn(cells[sequence]!, attention);
    },
  });
  const chance = ({ cells }: Gathered): number =>
    meanOfMeasured(
      Float64Array.from(cells, (counted) => scoreOn(counted, uniformAttention)),
      Number.NaN,
    );
  const named = <T>(of: (found: Gathered) => T): Record<PromptScoreName, T> =>
    Object.fromEntries(builtIn.map((found) => [found.name, of(found)])) as Record<PromptScoreName, T>;
  const ownScores = (head: number): Record<string, DetectorScore> =>
    Object.fromEntries(owned.map(({ name, scores }) => [name, { score: estimate(scores[head]!), control: null }]));
  return {
    heads: heads.map(({ layer, head }, i) => ({
      label: headLabel(layer, head),
      layer,
      head,
      ...named(({ scores }) => estimate(scores[i]!)),
      ...(owned.length === 0 ? {} : { detectors: ownScores(i) }),
    })),
    chance: named(chance),
    ...(owned.length === 0 ? {} : { detectors: owned.map((found) => ({ name: found.name, chance: chance(found) })) }),
    doesNotApply: LEFT_OUT,
    sequences: set.sequences,
    measured: estimate(set.clean),
    measure: describeMeasure(set.measure),
  };
}
