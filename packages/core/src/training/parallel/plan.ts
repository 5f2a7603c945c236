// Everything the threads of a training run share: settings, and addresses in one memory. Plain data, so that it can be
// posted to workers. The number of gradient shards is fixed and does not follow the number of threads: each shard's
// sequences are added in order and the shards are summed in order, so a run has the same bits on any number of threads.
import type { Engine } from '../../engine/engine.ts';
import type { OptimizerOps } from '../../engine/optimizerOps.ts';
import { type Arena, type Memory, sizeText } from '../../engine/tensor.ts';
import { TooLargeError } from '../../errors/tooLarge.ts';
import { Parameters } from '../../model/parameters.ts';
import { Transformer } from '../../model/transformer.ts';
import type { Experiment } from '../experiment.ts';
import { CONTROL_BYTES } from './heartbeat.ts';
import { ShardGradients } from './shardGradients.ts';

/** Parts into which a batch is divided; more threads than this find nothing to do. */
export const SHARDS = 8;

/** Parts into which the parameters are divided for the optimiser and for the norm of the gradient. */
export const SPANS = 32;

/**
 * Float64 numbers that a shard reports of a step, in pairs of a sum of losses and a count: of the positions trained on, of
 * each segment, of each position.
 */
export const sumsLength = (segments: number, nCtx: number): number => 2 * (1 + segments + nCtx);

export interface TrainingPlan {
  readonly experiment: Experiment;
  readonly seed: number;
  readonly threads: number;
  readonly memory: Memory;
  readonly weights: number;
  readonly m: number;
  readonly v: number;
  /** One gradient buffer per shard, `gradientStride` bytes apart. */
  readonly gradients: number;
  readonly gradientStride: number;
  readonly workspaces: number;
  readonly workspaceStride: number;
  /** Two integers of the barrier, the stop request, the decision to stop, and the threads' signs of life. */
  readonly control: number;
  /** Sums of each shard, then of each span's squares: Float64 numbers. */
  readonly sums: number;
  readonly squares: number;
}

/** Lays a run out in fresh memory. Throws a TooLargeError that says how much it takes where that is too much. */
export function planTraining(
  engine: Engine,
  options: { experiment: Experiment; seed: number; threads: number; segments: number },
): { plan: TrainingPlan; arena: Arena; weights: Parameters } {
  const { experiment, seed, segments } = options;
  const threads = Math.max(1, Math.min(options.threads, SHARDS, experiment.training.batch));
  const arena = engine.createArena();
  const measuring = arena.measuring(arena.used);
  layOut(engine, experiment, { arena: measuring, threads, segments });
  const bytes = measuring.used;
  if (bytes > arena.limit) {
    const fact = `${sizeText(bytes)} are needed to train with ${threads === 1 ? 'one thread' : `${threads} threads`}, a model has at most ${sizeText(arena.limit)}`;
    throw new TooLargeError(
      `Arena: ${fact}; use ${threads === 1 ? '' : 'fewer threads, '}a shorter context or a smaller model.`,
      { bytes, fact },
    );
  }
  const { weights, ...addresses } = layOut(engine, experiment, { arena, threads, segments });
  const plan: TrainingPlan = {
    experiment,
    seed,
    threads,
    memory: arena.memory,
    weights: weights.address,
    ...addresses,
  };
  return { plan, arena, weights };
}

/** Everything that a run takes, in this order. */
function layOut(
  engine: Engine,
  experiment: Experiment,
  { arena, threads, segments }: { arena: Arena; threads: number; segments: number },
): Omit<TrainingPlan, 'experiment' | 'seed' | 'threads' | 'memory' | 'weights'> & { weights: Parameters } {
  const { model } = experiment;
  const weights = new Parameters(model, arena);
  const { tableGradients } = createTrainingProgram(engine, experiment, arena.measuring(arena.used), weights).program;
  const bytes = weights.length * arena.floatBytes;
  const m = arena.bytes(bytes);
  const v = arena.bytes(bytes);
  const { address: gradients } = new ShardGradients(model, arena, tableGradients);
  const gradientStride = arena.used - gradients;
  arena.bytes(gradientStride * (SHARDS - 1));
  const control = arena.bytes(CONTROL_BYTES);
  const sums = arena.bytes(8 * SHARDS * sumsLength(segments, model.nCtx));
  const squares = arena.bytes(8 * SPANS);
  const workspaces = arena.used;
  createTrainingProgram(engine, experiment, arena, weights); // measures a workspace
  const workspaceStride = arena.used - workspaces;
  arena.bytes(workspaceStride * (threads - 1));
  return { weights, m, v, gradients, gradientStride, control, sums, squares, workspaces, workspaceStride };
}

/**
 * The program of one thread: one sequence at a time, so that its workspace stays in the cache, and of it all but the last
 * position, which predicts nothing and which nobody else sees.
 */
export function createTrainingProgram(
  engine: Engine,
  { model: config, training }: Pick<Experiment, 'model' | 'training'>,
  arena: Arena,
  weights: Parameters,
): TrainingProgram {
  const extent = { sequences: 1, length: config.nCtx - 1 };
  const ops = engine.opsFor(config, extent, arena);
  const unwatched = { positionsPerStep: training.batch * extent.length };
  const plan = { gradients: true, results: [], splitInputs: [], unwatched };
  const program = new Transformer({ config, extent, plan, ops, arena, weights });
  return { program, optimizer: engine.optimizerFor(arena) };
}

export interface TrainingProgram {
  readonly program: Transformer;
  readonly optimizer: OptimizerOps;
}
