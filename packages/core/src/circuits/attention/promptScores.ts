// Scores of heads on given prompts, at the queries that count: those of the scores that mean something on any sequence.
import * as z from 'zod/mini';
import { allHeads, headLabel } from '../../model/heads.ts';
import type { MeasureName } from '../../model/measures/builtInMeasures.ts';
import type { Measure } from '../../model/measures/measure.ts';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions, commonFields, instanceSchema } from '../checks.ts';
import { describeMeasure, type MeasuredBy } from '../data/measuredBy.ts';
import type { AttentionWeight } from '../data/patternRuns.ts';
import { PromptSet } from '../data/promptSet.ts';
import type { AskedPrompt, Prompts } from '../data/prompts.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { type Estimate, estimate } from '../statistics/estimate.ts';
import { meanOfMeasured } from '../statistics/missing.ts';
import { uniformAttention } from './line.ts';

export const PROMPT_SCORES = [
  'previousToken',
  'currentToken',
  'firstToken',
  'duplicateToken',
  'inductionByContent',
] as const;
export type PromptScoreName = (typeof PROMPT_SCORES)[number];

/** Where a query of each job looks: its keys. A query that has none does not count for that score. */
const KEYS: Readonly<Record<PromptScoreName, (tokens: ArrayLike<number>, query: number) => number[]>> = {
  previousToken: (_, q) => (q > 0 ? [q - 1] : []),
  currentToken: (_, q) => (q > 0 ? [q] : []),
  firstToken: (_, q) => (q > 0 ? [0] : []),
  duplicateToken: copies,
  inductionByContent: (tokens, q) => copies(tokens, q).map((k) => k + 1),
};

/** Positions of the earlier copies of a query's token. */
function copies(tokens: ArrayLike<number>, query: number): number[] {
  return Array.from({ length: query }, (_, k) => k).filter((k) => tokens[k] === tokens[query]);
}

/** One head's scores on the prompts: shares of attention, NaN where no query of the prompts counts. */
export type PromptHeadScores = Readonly<Record<PromptScoreName, Estimate>> & {
  /** L0H3 */
  readonly label: string;
  readonly layer: number;
  readonly head: number;
};

export interface PromptScoresRecord {
  readonly heads: readonly PromptHeadScores[];
  /** What uniform attention scores on these prompts. */
  readonly chance: Readonly<Record<PromptScoreName, number>>;
  /** Why the other scores are not there. */
  readonly doesNotApply: string;
  readonly sequences: number;
  /** What the model makes of the prompts, by `measure`. */
  readonly measured: Estimate;
  readonly measure: MeasuredBy;
}

const LEFT_OUT =
  'Stripe, excess, prefix matching, offset and positionality are defined on repeats that are drawn and on sequences without a repeat; they have no meaning on given prompts.';

const optionsSchema = z.strictObject({ measure: z.optional(instanceSchema), onProgress: commonFields.onProgress });

/**
 * Every head's attention, at the queries that count, to the token before, to the token itself, to the first one, to earlier copies of the
 * query's token and to what follows them. Throws an Error that names sequence and query where a prompt cannot be meant, a
 * NotFiniteError when a loss is not finite.
 */
export function promptScores(
  model: Model,
  prompts: Prompts,
  options: { readonly measure?: MeasureName | Measure; readonly onProgress?: OnProgress } = {},
): PromptScoresRecord {
  checkModel('promptScores', model);
  checkOptions('promptScores', optionsSchema, options);
  const { measure = 'loss', onProgress } = options;
  const set = new PromptSet(model, { prompts, measure }, 'promptScores');
  const progress = new Progress(onProgress, set.size);
  const record = set.reporting(progress, () => scoresOn(set));
  progress.finish();
  return record;
}

/** The same on a set. */
export function scoresOn(set: PromptSet): PromptScoresRecord {
  const heads = allHeads(set.model.config);
  const table = () => heads.map(() => new Float64Array(set.sequences));
  const found = PROMPT_SCORES.map((name) => [name, table()] as const);
  set.measured([], {
    visit: ({ sequence, head, attention }) => {
      for (const [name, scores] of found) scores[head]![sequence] = scoreOf(name, set.prompts[sequence]!, attention);
    },
  });
  const uniform = (name: PromptScoreName): number =>
    meanOfMeasured(
      Float64Array.from(set.prompts, (prompt) => scoreOf(name, prompt, uniformAttention)),
      Number.NaN,
    );
  const named = <T>(of: (name: PromptScoreName, scores: readonly Float64Array[]) => T): Record<PromptScoreName, T> =>
    Object.fromEntries(found.map(([name, scores]) => [name, of(name, scores)])) as Record<PromptScoreName, T>;
  return {
    heads: heads.map(({ layer, head }, i) => ({
      label: headLabel(layer, head),
      layer,
      head,
      ...named((_, scores) => estimate(scores[i]!)),
    })),
    chance: named(uniform),
    doesNotApply: LEFT_OUT,
    sequences: set.sequences,
    measured: estimate(set.clean),
    measure: describeMeasure(set.measure),
  };
}

/** Mean over the queries that count of the attention on a job's keys; NaN where none has such a key. */
function scoreOf(name: PromptScoreName, { tokens, queries }: AskedPrompt, attention: AttentionWeight): number {
  let [sum, counted] = [0, 0];
  for (const query of queries) {
    const keys = KEYS[name](tokens, query);
    if (keys.length === 0) continue;
    for (const key of keys) sum += attention(query, key);
    counted++;
  }
  return counted === 0 ? Number.NaN : sum / counted;
}
