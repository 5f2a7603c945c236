// An experiment: model, task and training, all knobs in one place. The file format is JSON in which any value may be
// written as { "value": ..., "why": "..." }, so that a preset can give its reason beside each number.
import { z } from 'zod';
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
const explained = <T extends z.ZodType>(schema: T): z.ZodPreprocess<T> =>
  z.preprocess((raw) => (isExplained(raw) ? raw.value : raw), schema);

const isExplained = (raw: unknown): raw is { value: unknown; why: string } =>
  typeof raw === 'object' && raw !== null && 'value' in raw && 'why' in raw && Object.keys(raw).length === 2;

const size = (least: number, most: number): z.ZodPreprocess<z.ZodNumber> => explained(z.int().min(least).max(most));
const positive = explained(z.number().positive());
const share = explained(z.number().min(0).lt(1));

const ModelSchema = z.strictObject({
  nLayers: size(1, 64),
  nHeads: size(1, 128),
  dModel: size(1, 4096),
  dHead: size(1, 1024),
  nCtx: size(4, 4096),
  dVocab: size(2, 65536),
  positions: explained(z.enum(POSITIONS)),
  normalization: explained(z.enum(['LN']).nullable()),
  biases: explained(z.boolean()).default(false),
  tied: explained(z.boolean()).default(false),
  eps: positive.default(1e-5),
  attnScale: positive.optional(),
  rotaryDim: size(2, 1024).optional(),
  rotaryBase: positive.default(10000),
});

const taskBase = { distinct: explained(z.boolean()).default(false), maxPrefix: size(0, 4096).default(0) };
const period = z.int().min(2).max(4096);
const TaskSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('repeated'), period: explained(period), ...taskBase }),
  z.strictObject({
    kind: z.literal('varied'),
    periods: explained(z.tuple([period, period])),
    heldOutPeriods: explained(z.array(period)).default([]),
    share: explained(z.number().positive().max(1)).default(1),
    ...taskBase,
  }),
  z.strictObject({ kind: z.literal('random'), ...taskBase }),
]);

const ClampSchema = z.strictObject({
  kind: z.enum(CLAMP_KINDS),
  layer: z.int().min(0),
  head: z.int().min(0),
  fromStep: z.int().min(1).default(1),
});

const TrainingSchema = z.strictObject({
  steps: size(1, 10_000_000),
  batch: size(1, 65536),
  learningRate: positive,
  warmupSteps: size(0, 10_000_000).default(0),
  schedule: explained(z.enum(['constant', 'linear', 'cosine'])).default('constant'),
  beta1: share.default(0.9),
  beta2: share.default(0.999),
  epsilon: positive.default(1e-8),
  weightDecay: explained(z.number().min(0)).default(0.01),
  decayed: explained(z.array(z.string())).default(['*embed.*', '*.attn.*']),
  clipNorm: explained(z.number().positive().nullable()).default(null),
  lossOn: explained(z.enum(['all', 'predictable'])).default('all'),
  competition: explained(z.number().min(0)).default(0),
  clamps: explained(z.array(ClampSchema)).default([]),
  initStd: positive.default(0.1),
});

const ExperimentSchema = z.strictObject({
  name: z.string().min(1),
  about: z.string().default(''),
  model: ModelSchema,
  task: z.preprocess((raw) => unwrapKind(raw), TaskSchema),
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
