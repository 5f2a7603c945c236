// An experiment: model, task and training, all knobs in one place. The file format is JSON in which any value may be
// written as { "value": ..., "why": "..." }, so that a preset can give its reason beside each number.
import * as z from 'zod/mini'; // small: the web lab loads it
import { ACTIVATIONS } from '../engine/activations.ts';
import { complaint } from '../errors/arguments.ts';
import { type ModelConfig, type ModelOptions, modelConfig, POSITIONS } from '../model/config.ts';
import type { LossOn } from '../tasks/source.ts';
import { startTokenOf } from '../tasks/startToken.ts';
import { taskSchema } from '../tasks/taskSchema.ts';
import type { Task } from '../tasks/tasks.ts';
import { ADAMW_DEFAULTS } from './adamWDefaults.ts';
import { CLAMP_KINDS, type Clamp } from './clamps.ts';
import { checkCombinations, checkModelFields } from './combinations.ts';
import { ExperimentError } from './experimentError.ts';

export { ExperimentError };

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
  /** Train on every position, or only where the next token can be known, as the task says. */
  readonly lossOn: LossOn;
  /** λ of the competition between the heads of a layer (competition.ts); 0 for none. */
  readonly competition: number;
  /** First and last step, counted from 1, at which the competition acts; every step where it is absent or null. */
  readonly competitionSteps?: readonly [from: number, to: number] | null | undefined;
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
const size = (least: number, most?: number): ReturnType<typeof explained<z.ZodMiniNumber>> =>
  explained(whole(least, most));
const count = (least: number): ReturnType<typeof size> => explained(whole(least));
const positive = explained(z.number().check(z.positive()));
const notNegative = explained(z.number().check(z.minimum(0)));
const share = explained(z.number().check(z.minimum(0), z.lt(1)));
const flag = explained(z.boolean());

const ModelSchema = z.strictObject({
  // How large a model may be depends on all its sizes together: modelConfig says so.
  nLayers: size(1),
  nHeads: size(1),
  dModel: size(1),
  dHead: size(1),
  nCtx: size(4),
  dVocab: size(2),
  positions: explained(z.enum(POSITIONS)),
  normalization: explained(z.nullable(z.enum(['LN', 'RMS']))),
  biases: z._default(flag, false),
  tied: z._default(flag, false),
  eps: z._default(positive, 1e-5),
  attnScale: z.optional(positive),
  rotaryDim: z.optional(size(0)), // 0 where positions are not rotary and a head is one number wide
  rotaryBase: z._default(positive, 10000),
  bos: z.optional(size(0)),
  rotaryAdjacentPairs: z.optional(flag),
  rotaryScaling: z.optional(
    z.strictObject({ factor: positive, lowFreqFactor: positive, highFreqFactor: positive, originalCtx: positive }),
  ),
  nKeyValueHeads: z.optional(size(1)),
  qkNorm: z.optional(flag),
  dMlp: z.optional(size(1)),
  actFn: z.optional(explained(z.enum(ACTIVATIONS))),
  gatedMlp: z.optional(flag),
  parallelAttnMlp: z.optional(flag),
});

const TaskSchema = taskSchema((schema, { usual, optional }) => {
  const field = explained(schema);
  if (optional) return z.optional(field);
  return usual === undefined ? field : z._default(field, usual as never);
});

const ClampSchema = z.strictObject({
  kind: z.enum(CLAMP_KINDS),
  layer: whole(0),
  head: whole(0),
  fromStep: z._default(whole(1), 1),
});

const TrainingSchema = z.strictObject({
  steps: count(1),
  batch: count(1),
  learningRate: positive,
  warmupSteps: z._default(count(0), 0),
  schedule: z._default(explained(z.enum(['constant', 'linear', 'cosine'])), 'constant'),
  beta1: z._default(share, ADAMW_DEFAULTS.beta1),
  beta2: z._default(share, ADAMW_DEFAULTS.beta2),
  epsilon: z._default(positive, ADAMW_DEFAULTS.epsilon),
  weightDecay: z._default(notNegative, ADAMW_DEFAULTS.weightDecay),
  decayed: z._default(explained(z.array(z.string())), [...ADAMW_DEFAULTS.decayed]),
  clipNorm: z._default(explained(z.nullable(z.number().check(z.positive()))), null),
  lossOn: z._default(explained(z.enum(['all', 'predictable'])), 'all'),
  competition: z._default(notNegative, 0),
  competitionSteps: z.optional(explained(z.nullable(z.tuple([whole(1), whole(1)])))),
  clamps: z._default(explained(z.array(ClampSchema)), []),
  initStd: z._default(positive, 0.1),
});

/** Letters of a name: it stands in titles, progress lines and files. */
export const LONGEST_NAME = 200;

const ExperimentSchema = z.strictObject({
  $schema: z.optional(z.string()), // for editors; nobody else reads it
  name: z.string().check(z.minLength(1), z.maxLength(LONGEST_NAME)),
  about: z._default(z.string(), ''),
  model: ModelSchema,
  task: z.pipe(z.transform(unwrapKind), TaskSchema),
  training: TrainingSchema,
});

/** What an experiment's JSON may look like: for schemas of files that hold one. */
export const experimentSchema: z.ZodMiniType = ExperimentSchema;

/** The discriminator of a union must be bare before zod looks at it. */
function unwrapKind(raw: unknown): unknown {
  if (typeof raw !== 'object' || raw === null || !('kind' in raw)) return raw;
  return { ...raw, kind: isExplained(raw.kind) ? raw.kind.value : raw.kind };
}

/**
 * Reads an experiment from parsed JSON. Throws an ExperimentError with one sentence that names the field, what it
 * expects and what came, for unknown fields, impossible values, impossible combinations, and what would have no effect.
 */
export function parseExperiment(json: unknown): Experiment {
  const result = ExperimentSchema.safeParse(json, { reportInput: true });
  if (!result.success) {
    const issue = result.error.issues[0] as z.core.$ZodIssue;
    throw new ExperimentError(complaint(issue, { root: 'the config', schema: ExperimentSchema, value: json }));
  }
  const { name, about, training } = result.data;
  const task = result.data.task as Task;
  const defined = Object.fromEntries(Object.entries(result.data.model).filter(([, value]) => value !== undefined));
  checkModelFields(defined as Partial<ModelConfig>);
  let model: ModelConfig;
  try {
    model = modelConfig({ ...(defined as unknown as ModelOptions), ...startOf(task, defined) });
  } catch (error) {
    throw new ExperimentError((error as Error).message.replace(/^modelConfig: /, 'model.'));
  }
  const experiment = { name, about, model, task, training };
  checkCombinations(experiment);
  return experiment;
}

/** The start token of a model is that of its task; one that is given besides has to agree (combinations.ts). */
function startOf(task: Task, { bos, dVocab }: { bos?: number; dVocab?: number }): { bos?: number } {
  const token = bos ?? startTokenOf(task, { dVocab: dVocab! });
  return token === undefined ? {} : { bos: token };
}

/**
 * The same experiment with another number of steps: the warm-up stays, a falling schedule stretches to the new end.
 * Throws an ExperimentError where that does not go together.
 */
export const withSteps = (experiment: Experiment, steps: number): Experiment =>
  parseExperiment({ ...experiment, training: { ...experiment.training, steps } });

/** How an MLP decays where its heads do: its matrices and biases alike. */
const MLP_WEIGHTS = '*.mlp.*';

/**
 * The same experiment with an MLP of `dMlp` neurons behind the attention of each layer, or with that width where it has one. It has
 * the exact GELU unless the experiment names an activation, and decays where the heads do. Throws an ExperimentError where that does not go together.
 */
export function withMlp({ model, training, ...rest }: Experiment, dMlp: number): Experiment {
  const { decayed } = training;
  const decays = decayed.includes('*.attn.*') && !decayed.includes(MLP_WEIGHTS);
  return parseExperiment({
    ...rest,
    model: { ...model, dMlp, actFn: model.actFn ?? 'gelu' },
    training: { ...training, decayed: decays ? [...decayed, MLP_WEIGHTS] : decayed },
  });
}
