// An experiment: model, task and training, all knobs in one place. The file format is JSON in which any value may be
// written as { "value": ..., "why": "..." }, so that a preset can give its reason beside each number.
import * as z from 'zod/mini'; // small: the web lab loads it
import { headLabel, type ModelConfig, modelConfig, POSITIONS } from '../model/config.ts';
import { CLAMP_KINDS, type Clamp } from './clamps.ts';
import { periodsOf, type Task } from './tasks.ts';

/** How the learning rate runs after the warm-up: it stays, or falls to 0 at the last step linearly or as a cosine. */
export type Schedule = 'constant' | 'linear' | 'cosine';

export interface TrainingOptions {
  readonly steps: number;
  /** Sequences per step. */
  readonly batch: number;
  readonly learningRate: number;
  /** Steps over which the learning rate rises linearly from 0. */
  readonly warmupSteps: number;
  readonly schedule: Schedule;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: weights shrink by learningRate × weightDecay per step. */
  readonly weightDecay: number;
  /** Which weights decay: globs over their names. */
  readonly decayed: readonly string[];
  /** Largest global norm of the gradient, or null for no clipping. */
  readonly clipNorm: number | null;
  /** Train on every position, or only where the next token can be known: query positions from the second block on. */
  readonly lossOn: 'all' | 'predictable';
  /** λ of the competition between the heads of a layer (competition.ts); 0 for none. */
  readonly competition: number;
  /** Heads held fast from a step on (clamps.ts): does the circuit still form? */
  readonly clamps: readonly Clamp[];
  /** Weights start as N(0, initStd²); LayerNorm gains at 1, biases at 0. */
  readonly initStd: number;
}

export interface Experiment {
  readonly name: string;
  readonly about: string;
  readonly model: ModelConfig;
  readonly task: Task;
  readonly training: TrainingOptions;
}

/** A value, or { value, why }. */
const explained = <T extends z.ZodMiniType>(schema: T): z.ZodMiniPipe<z.ZodMiniTransform, T> =>
  z.pipe(z.transform(bare), schema) as z.ZodMiniPipe<z.ZodMiniTransform, T>;

const bare = (raw: unknown): unknown => (isExplained(raw) ? raw.value : raw);

const isExplained = (raw: unknown): raw is { value: unknown; why: string } =>
  typeof raw === 'object' && raw !== null && 'value' in raw && 'why' in raw && Object.keys(raw).length === 2;

const whole = (least: number, most: number = Number.MAX_SAFE_INTEGER): z.ZodMiniNumber =>
  z.int().check(z.minimum(least), z.maximum(most));
const size = (least: number, most: number): ReturnType<typeof explained<z.ZodMiniNumber>> =>
  explained(whole(least, most));
const positive = explained(z.number().check(z.positive()));
const notNegative = explained(z.number().check(z.minimum(0)));
const share = explained(z.number().check(z.minimum(0), z.lt(1)));
const flag = explained(z.boolean());

const ModelSchema = z.strictObject({
  nLayers: size(1, 64),
  nHeads: size(1, 128),
  dModel: size(1, 4096),
  dHead: size(1, 1024),
  nCtx: size(4, 4096),
  dVocab: size(2, 65536),
  positions: explained(z.enum(POSITIONS)),
  normalization: explained(z.nullable(z.enum(['LN']))),
  biases: z._default(flag, false),
  tied: z._default(flag, false),
  eps: z._default(positive, 1e-5),
  attnScale: z.optional(positive),
  rotaryDim: z.optional(size(2, 1024)),
  rotaryBase: z._default(positive, 10000),
});

const taskBase = { distinct: z._default(flag, false), maxPrefix: z._default(size(0, 4096), 0) };
const period = whole(2, 4096);
const TaskSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('repeated'), period: explained(period), ...taskBase }),
  z.strictObject({
    kind: z.literal('varied'),
    periods: explained(z.tuple([period, period])),
    heldOutPeriods: z._default(explained(z.array(period)), []),
    share: z._default(explained(z.number().check(z.positive(), z.maximum(1))), 1),
    ...taskBase,
  }),
  z.strictObject({ kind: z.literal('random'), ...taskBase }),
]);

const ClampSchema = z.strictObject({
  kind: z.enum(CLAMP_KINDS),
  layer: whole(0),
  head: whole(0),
  fromStep: z._default(whole(1), 1),
});

const TrainingSchema = z.strictObject({
  steps: size(1, 10_000_000),
  batch: size(1, 65536),
  learningRate: positive,
  warmupSteps: z._default(size(0, 10_000_000), 0),
  schedule: z._default(explained(z.enum(['constant', 'linear', 'cosine'])), 'constant'),
  beta1: z._default(share, 0.9),
  beta2: z._default(share, 0.999),
  epsilon: z._default(positive, 1e-8),
  weightDecay: z._default(notNegative, 0.01),
  decayed: z._default(explained(z.array(z.string())), ['*embed.*', '*.attn.*']),
  clipNorm: z._default(explained(z.nullable(z.number().check(z.positive()))), null),
  lossOn: z._default(explained(z.enum(['all', 'predictable'])), 'all'),
  competition: z._default(notNegative, 0),
  clamps: z._default(explained(z.array(ClampSchema)), []),
  initStd: z._default(positive, 0.1),
});

const ExperimentSchema = z.strictObject({
  name: z.string().check(z.minLength(1)),
  about: z._default(z.string(), ''),
  model: ModelSchema,
  task: z.pipe(z.transform(unwrapKind), TaskSchema),
  training: TrainingSchema,
});

/** The discriminator of a union must be bare before zod looks at it. */
function unwrapKind(raw: unknown): unknown {
  if (typeof raw !== 'object' || raw === null || !('kind' in raw)) return raw;
  return { ...raw, kind: isExplained(raw.kind) ? raw.kind.value : raw.kind };
}

/** Raised for a config that cannot be run; the message names the field and the remedy. */
export class ExperimentError extends Error {}

/**
 * Reads an experiment from parsed JSON. Throws an ExperimentError with one sentence that names the field, what it
 * expects and what came, for unknown fields, impossible values and impossible combinations.
 */
export function parseExperiment(json: unknown): Experiment {
  const result = ExperimentSchema.safeParse(json, { reportInput: true });
  if (!result.success) throw new ExperimentError(describe(result.error.issues[0] as z.core.$ZodIssue));
  const { name, about, task, training } = result.data;
  const defined = Object.fromEntries(Object.entries(result.data.model).filter(([, value]) => value !== undefined));
  let model: ModelConfig;
  try {
    model = modelConfig(defined as Parameters<typeof modelConfig>[0]);
  } catch (error) {
    throw new ExperimentError((error as Error).message.replace(/^modelConfig: /, 'model.'));
  }
  const experiment = { name, about, model, task, training };
  checkCombinations(experiment);
  return experiment;
}

function checkCombinations({ model, task, training }: Experiment): void {
  const refuse = (sentence: string): never => {
    throw new ExperimentError(sentence);
  };
  const periods = periodsOf(task);
  const longest = Math.max(0, ...periods);
  if (task.kind === 'varied' && task.periods[0] > task.periods[1])
    refuse(`task.periods runs from ${task.periods[0]} down to ${task.periods[1]}; put the smaller period first.`);
  if (task.kind === 'varied' && periods.length === 0)
    refuse('task.heldOutPeriods leaves no period of task.periods to train on; hold fewer out.');
  const needed = longest + task.maxPrefix + 2;
  if (longest > 0 && needed > model.nCtx)
    refuse(
      `task: a block of ${longest} tokens${task.maxPrefix ? ` after up to ${task.maxPrefix} others` : ''} needs a context of at least ${needed} for one repeated query; model.nCtx is ${model.nCtx}.`,
    );
  const block = task.kind === 'random' ? model.nCtx : longest;
  if (task.distinct && block > model.dVocab)
    refuse(
      `task.distinct needs ${block} different tokens; model.dVocab is ${model.dVocab}. Raise it or set distinct to false.`,
    );
  if (task.kind === 'random' && task.maxPrefix > 0)
    refuse('task.maxPrefix means nothing for random sequences; leave it out.');
  if (task.kind === 'random' && training.lossOn === 'predictable')
    refuse('training.lossOn is "predictable", but nothing is predictable in random sequences; use "all".');
  if (training.warmupSteps >= training.steps && training.warmupSteps > 0)
    refuse(`training.warmupSteps (${training.warmupSteps}) must be below training.steps (${training.steps}).`);
  for (const { layer, head } of training.clamps)
    if (layer >= model.nLayers || head >= model.nHeads)
      refuse(
        `training.clamps names ${headLabel(layer, head)}; this model has heads L0H0 to ${headLabel(model.nLayers - 1, model.nHeads - 1)}.`,
      );
  if (training.learningRate * training.competition * (model.nHeads - 1) >= 1)
    refuse(
      `training.competition ${training.competition} at learning rate ${training.learningRate} kills every head in one step; keep (heads − 1) × rate × competition below 1.`,
    );
}

/** One sentence for zod's first complaint. */
function describe(issue: z.core.$ZodIssue): string {
  const at = issue.path.join('.') || 'the config';
  const got = issue.input === undefined ? '' : `, got ${JSON.stringify(issue.input)}`;
  if (issue.code === 'unrecognized_keys')
    return `${issue.path.length ? `${at} has` : 'the config has'} an unknown field "${issue.keys[0]}"; remove it or correct its spelling.`;
  if (issue.code === 'invalid_type' && issue.input === undefined)
    return `${at} is missing; it must be a ${issue.expected}.`;
  if (issue.code === 'invalid_value')
    return `${at} must be ${issue.values.map((v) => JSON.stringify(v)).join(' or ')}${got}.`;
  if (issue.code === 'too_small')
    return `${at} must be ${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}${got}.`;
  if (issue.code === 'too_big') return `${at} must be ${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}${got}.`;
  if (issue.code === 'invalid_type') return `${at} must be a ${issue.expected}${got}.`;
  if (issue.code === 'invalid_union') return `${at} must be "repeated", "varied" or "random"${got}.`;
  return `${at}: ${issue.message}${got}.`;
}

/** The same experiment with another number of steps: the warm-up stays, a falling schedule stretches to the new end. */
export const withSteps = (experiment: Experiment, steps: number): Experiment => {
  const changed = { ...experiment, training: { ...experiment.training, steps } };
  checkCombinations(changed);
  return changed;
};
