// The optimiser for a training loop of one's own: the kernels that `train` uses, over a Model.
import * as z from 'zod/mini';
import type { OptimizerBuffers, OptimizerOps } from '../engine/optimizerOps.ts';
import { ArgumentError, checkArgument, must } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import { globExpression } from '../model/glob.ts';
import { Model, type Tokens } from '../model/model.ts';
import { learnedWeights, type NamedWeights, namedCopies, Parameters } from '../model/parameters.ts';
import { checkWeights } from '../model/weightChecks.ts';
import { exactPower } from '../random/exactMath.ts';
import { ADAMW_DEFAULTS } from './adamWDefaults.ts';
import { type DecayRun, decayRuns } from './decayRuns.ts';

/** How AdamW takes its steps (Loshchilov and Hutter 2019). */
export interface AdamWOptions {
  /** The size of a step. */
  readonly learningRate: number;
  /** Decay of the running mean of the gradient, from 0 to below 1. */
  readonly beta1?: number;
  /** Decay of the running mean of its square, from 0 to below 1. */
  readonly beta2?: number;
  /** Added to the root of that mean. */
  readonly epsilon?: number;
  /** Decoupled: weights shrink by learningRate × weightDecay per step. */
  readonly weightDecay?: number;
  /** Which weights decay: globs over their names. */
  readonly decayed?: readonly string[];
  /** Largest global norm of the gradient; null for no clipping. */
  readonly clipNorm?: number | null;
}

const share = z.optional(z.number().check(z.minimum(0), z.lt(1)));
const positive = z.number().check(z.positive());
const Options = z.strictObject({
  learningRate: z.number().check(z.minimum(0)),
  beta1: share,
  beta2: share,
  epsilon: z.optional(positive),
  weightDecay: z.optional(z.number().check(z.minimum(0))),
  decayed: z.optional(z.array(z.string())),
  clipNorm: z.optional(z.nullable(positive)),
});
const StepOptions = z.strictObject({ learningRate: z.optional(z.number().check(z.minimum(0))) });

/**
 * AdamW (Loshchilov and Hutter 2019) over the weights of a model: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,
 * θ ← θ(1 − rate · decay) − rate · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε). Owns the moments, in memory of its own; fixed
 * position tables stay as they are.
 */
export class AdamW {
  private readonly model: Model;
  private readonly options: Required<AdamWOptions>;
  private readonly weights: Parameters;
  private readonly gradients: Parameters;
  private readonly buffers: OptimizerBuffers;
  private readonly ops: OptimizerOps;
  private readonly runs: readonly DecayRun[];
  private readonly floatBytes: 4 | 8;
  /** Steps done. */
  private done = 0;

  /**
   * @throws an ArgumentError for what is no model, or for an option that cannot be meant.
   */
  constructor(model: Model, options: AdamWOptions) {
    if (!(model instanceof Model)) throw new ArgumentError(`AdamW: model must be a Model, got ${quoted(model)}.`);
    checkArgument('AdamW', 'options', Options, options);
    const { config, engine } = model;
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    for (const glob of options.decayed ?? [])
      if (!learnedWeights(config).some((name) => globExpression(glob).test(name)))
        throw new ArgumentError(
          `AdamW: options.decayed: ${quoted(glob)} names no weight that this model learns; see Object.keys(model.getWeights()).`,
        );
    const arena = engine.createArena();
    this.model = model;
    this.options = { ...ADAMW_DEFAULTS, clipNorm: null, ...(given as unknown as AdamWOptions) };
    const [weights, gradients, m, v] = [0, 1, 2, 3].map(() => new Parameters(config, arena)) as [
      Parameters,
      Parameters,
      Parameters,
      Parameters,
    ];
    this.weights = weights;
    this.gradients = gradients;
    this.buffers = { parameters: weights.address, gradients: gradients.address, m: m.address, v: v.address };
    this.ops = engine.optimizerFor(arena);
    this.floatBytes = arena.floatBytes;
    this.runs = decayRuns({ model: config, training: this.options }, weights, arena.floatBytes);
  }

  /** Whether these are the weights of `model` that it changes. */
  isOf(model: Model): boolean {
    return this.model === model;
  }

  /**
   * Changes the model's weights by one step along gradients, those of all weights as runWithGradients gives them. `learningRate`
   * is this step's, where it follows a schedule. Returns the global norm of the gradient, before clipping. Throws an Error
   * for a gradient of another model, or one that is not finite, and then changes nothing.
   * @returns The norm of the gradient before clipping.
   */
  step(gradients: NamedWeights, options: { readonly learningRate?: number } = {}): { gradientNorm: number } {
    checkArgument('AdamW.step', 'options', StepOptions, options);
    checkWeights(this.gradients, gradients, { caller: 'AdamW.step', floatBytes: this.floatBytes });
    const { model, weights, ops } = this;
    for (const tensor of this.gradients.all) {
      const gradient = gradients[tensor.name];
      if (!gradient)
        throw new ArgumentError(`AdamW.step: no gradient of ${tensor.name} is given; pass those of all weights.`);
      tensor.set(gradient.data);
    }
    for (const [name, { data }] of Object.entries(model.getWeights())) weights.named(name).set(data);
    const { learningRate = this.options.learningRate } = options;
    const { beta1, beta2, clipNorm } = this.options;
    const gradientNorm = Math.sqrt(ops.sumShards(0, weights.length, this.buffers.gradients, 0, 1));
    const step = ++this.done;
    const update = {
      ...this.options,
      learningRate,
      correction1: 1 / (1 - exactPower(beta1, step)),
      correction2: 1 / (1 - exactPower(beta2, step)),
      gradientScale: clipNorm !== null && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1,
    };
    for (const { from, to, weightDecay } of this.runs) ops.adamw(from, to, this.buffers, { ...update, weightDecay });
    model.setWeights(namedCopies(weights));
    return { gradientNorm };
  }
}

const StepOfTraining = z.strictObject({
  model: must('be a Model', (model) => model instanceof Model),
  optimizer: must('be an AdamW', (optimizer) => optimizer instanceof AdamW),
  tokens: must('be sequences of tokens', (tokens) => typeof tokens === 'object' && tokens !== null),
  queries: z.optional(must('be queries [from, to)', (queries) => Array.isArray(queries) && queries.length === 2)),
});

/**
 * One step of training: gradients of the mean next-token loss, at all queries or some, and the optimiser's update. Throws an
 * ArgumentError for an optimiser of another model, and for sequences without a next token.
 * @returns The loss of these tokens, nats, and the norm of the gradient before clipping.
 */
export function trainingStep(options: {
  readonly model: Model;
  readonly optimizer: AdamW;
  /** Sequences of equal length, of two tokens or more. */
  readonly tokens: Tokens;
  /** Trains on the queries from … to − 1 alone. */
  readonly queries?: readonly [from: number, to: number];
}): { loss: number; gradientNorm: number } {
  checkArgument('trainingStep', 'options', StepOfTraining, options);
  const { model, optimizer, tokens, queries } = options;
  if (!optimizer.isOf(model))
    throw new ArgumentError('trainingStep: optimizer is of another model; make one with new AdamW(model, …).');
  const { gradients, lossPerPosition, batch, length } = model.runWithGradients(tokens, queries ? { queries } : {});
  if (length < 2)
    throw new ArgumentError(
      'trainingStep: tokens are sequences of one token, which has no next one; give two or more.',
    );
  const [from, to] = queries ?? [0, length - 1];
  let sum = 0;
  for (let s = 0; s < batch; s++) for (let q = from; q < to; q++) sum += lossPerPosition[s * (length - 1) + q]!;
  return { loss: sum / (batch * (to - from)), ...optimizer.step(gradients) };
}
