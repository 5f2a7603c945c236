// One thread's share of data-parallel training: its shards of each batch, then its blocks of the optimiser.
// Three meetings per step: gradients complete; norm known; weights updated. Between two meetings nobody reads what
// another writes.

import type { Engine } from '../../engine/engine.ts';
import type { AdamWStep } from '../../engine/ops.ts';
import { Arena } from '../../engine/tensor.ts';
import { globExpression } from '../../model/hookPoints.ts';
import { isLearned, Parameters } from '../../model/parameters.ts';
import type { Program } from '../../model/program.ts';
import { exactPower } from '../../random/exactMath.ts';
import { type BlockPlace, queryRanges, TaskBatches } from '../../tasks/tasks.ts';
import { Clamps } from '../clamps.ts';
import { compete } from '../competition.ts';
import type { Experiment } from '../experiment.ts';
import { learningRateAt } from '../schedule.ts';
import type { StepLosses } from '../stepLosses.ts';
import type { Barrier, BarrierWatch } from './barrier.ts';
import { barrierOf, heartbeat } from './heartbeat.ts';
import { BLOCKS, createTrainingProgram, SHARD_SUMS, SHARDS, type TrainingPlan, type TrainingProgram } from './plan.ts';

/** Where the sequences of a batch come from: the task, or, in tests, given tokens. */
export interface BatchSource {
  counted(step: number): number;
  fill(step: number, sequence: number, tokens: Int32Array, targets: Int32Array): BlockPlace;
}

/** Runs of parameters with the same decay, in floats from the start of the buffer. */
interface Segment {
  readonly from: number;
  readonly to: number;
  readonly weightDecay: number;
}

export class TrainingWorker {
  readonly weights: Parameters;
  private readonly plan: TrainingPlan;
  private readonly thread: number;
  private readonly source: BatchSource;
  private readonly training: TrainingProgram;
  private readonly gradients: readonly Parameters[];
  private readonly barrier: Barrier;
  private readonly pulse: BarrierWatch;
  private readonly arena: Arena;
  private readonly segments: readonly Segment[];
  private readonly blockLength: number;
  private readonly clamps: Clamps;

  constructor(engine: Engine, plan: TrainingPlan, thread: number, source: BatchSource = taskSource(plan)) {
    const { memory, experiment } = plan;
    const floatBytes = engine.backend === 'reference' ? 8 : 4;
    const at = (address: number): Arena => new Arena(memory, floatBytes, address);
    this.plan = plan;
    this.thread = thread;
    this.source = source;
    this.arena = at(plan.workspaces + thread * plan.workspaceStride);
    this.weights = new Parameters(experiment.model, at(plan.weights));
    this.gradients = Array.from(
      { length: SHARDS },
      (_, shard) => new Parameters(experiment.model, at(plan.gradients + shard * plan.gradientStride)),
    );
    this.training = createTrainingProgram(engine, experiment.model, this.arena, this.weights);
    this.pulse = heartbeat(plan, thread);
    this.barrier = barrierOf(plan, this.pulse);
    this.segments = decaySegments(experiment, this.weights, floatBytes);
    this.clamps = new Clamps(experiment.model, this.weights, experiment.training.clamps);
    this.blockLength = Math.ceil(this.weights.length / BLOCKS / 32) * 32;
  }

  /** One optimiser step, counted from 1. A loss that is not finite leaves the weights as they were. */
  step(step: number): StepLosses {
    const { plan, thread, barrier } = this;
    const { training } = plan.experiment;
    const learningRate = learningRateAt(step, training);
    const scale = 1 / this.source.counted(step);
    this.forEachPart(SHARDS, (shard) => this.runShard(step, shard, scale));
    barrier.meet();
    const losses = this.collect(step, learningRate);
    if (!Number.isFinite(losses.loss)) {
      this.forEachPart(SHARDS, (shard) => {
        for (const g of this.gradients[shard]!.all) g.data.fill(0);
      });
      barrier.meet();
      return losses;
    }
    const squares = new Float64Array(plan.memory.buffer, plan.squares, BLOCKS);
    this.forEachPart(BLOCKS, (block) => {
      const [from, to] = this.blockRange(block);
      squares[block] = this.training.ops.sumShards(from, to, plan.gradients, plan.gradientStride, SHARDS);
    });
    if (thread === 0) this.clamps.remember(step);
    barrier.meet();
    const gradientNorm = Math.sqrt(squares.reduce((a, b) => a + b, 0));
    const { clipNorm } = training;
    const update: AdamWStep = {
      ...training,
      learningRate,
      correction1: 1 / (1 - exactPower(training.beta1, step)),
      correction2: 1 / (1 - exactPower(training.beta2, step)),
      gradientScale: clipNorm !== null && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1,
    };
    this.forEachPart(BLOCKS, (block) => this.update(block, update));
    this.pulse.alive();
    barrier.meet();
    if (training.competition > 0 || training.clamps.length > 0) {
      if (thread === 0) this.constrain(step, learningRate);
      barrier.meet();
    }
    this.weights.changed();
    return { ...losses, gradientNorm };
  }

  /** What acts on heads beside the loss. */
  private constrain(step: number, rate: number): void {
    const { model, training } = this.plan.experiment;
    if (training.competition > 0) compete(model, this.weights, { rate, lambda: training.competition });
    this.clamps.hold(step);
  }

  /** This thread's contiguous share of `count` parts. */
  private forEachPart(count: number, visit: (part: number) => void): void {
    const { thread, plan } = this;
    const end = Math.floor((count * (thread + 1)) / plan.threads);
    for (let part = Math.floor((count * thread) / plan.threads); part < end; part++) visit(part);
  }

  private blockRange(block: number): [number, number] {
    const { length } = this.weights;
    return [Math.min(length, block * this.blockLength), Math.min(length, (block + 1) * this.blockLength)];
  }

  private update(block: number, step: AdamWStep): void {
    const { weights, gradients, m, v } = this.plan;
    const [from, to] = this.blockRange(block);
    for (const segment of this.segments) {
      const start = Math.max(from, segment.from);
      const end = Math.min(to, segment.to);
      if (start >= end) continue;
      const { weightDecay } = segment;
      this.training.ops.adamw(start, end, { parameters: weights, gradients, m, v }, { ...step, weightDecay });
    }
  }

  /** The sums of a shard: loss and count of the positions trained on, first occurrence, boundary, repeat; then by position. */
  private shardSums(shard: number): Float64Array {
    const length = SHARD_SUMS + this.plan.experiment.model.nCtx;
    return new Float64Array(this.plan.memory.buffer, this.plan.sums + 8 * shard * length, length);
  }

  private runShard(step: number, shard: number, scale: number): void {
    const { batch } = this.plan.experiment.training;
    const { program } = this.training;
    const { tokens, targets } = program.activations;
    const sums = this.shardSums(shard).fill(0);
    const end = Math.floor((batch * (shard + 1)) / SHARDS);
    for (let sequence = Math.floor((batch * shard) / SHARDS); sequence < end; sequence++) {
      const place = this.source.fill(step, sequence, tokens.data, targets.data);
      program.forward();
      program.loss(scale);
      program.backward(this.gradients[shard] as Parameters);
      addLosses(sums, program, place);
      this.pulse.alive();
    }
  }

  private collect(step: number, learningRate: number): StepLosses {
    const { nCtx } = this.plan.experiment.model;
    const total = new Float64Array(SHARD_SUMS + nCtx);
    for (let shard = 0; shard < SHARDS; shard++)
      this.shardSums(shard).forEach((x, i) => {
        total[i]! += x;
      });
    const mean = (i: number): number | null => (total[i + 1]! > 0 ? total[i]! / total[i + 1]! : null);
    const { batch } = this.plan.experiment.training;
    return {
      step,
      loss: mean(0) ?? Number.NaN,
      lossFirst: mean(2),
      lossBoundary: mean(4),
      lossRepeat: mean(6),
      learningRate,
      gradientNorm: Number.NaN,
      perPosition: [...total.subarray(SHARD_SUMS, SHARD_SUMS + nCtx - 1)].map((sum) => sum / batch),
    };
  }
}

const taskSource = ({ experiment, seed }: TrainingPlan): BatchSource => {
  const { model, task, training } = experiment;
  const { dVocab, nCtx } = model;
  const { batch, lossOn } = training;
  return new TaskBatches({ task, seed, dVocab, length: nCtx, batch, lossOn });
};

function addLosses(sums: Float64Array, program: Program, place: BlockPlace): void {
  const losses = program.activations.losses.data;
  const length = program.extent.length;
  const { sum, count } = program.countedLoss();
  sums[0]! += sum;
  sums[1]! += count;
  const range = (at: number, from: number, to: number): void => {
    for (let t = from; t < to; t++) sums[at]! += losses[t]!;
    sums[at + 1]! += to - from;
  };
  const { first, boundary, repeat } = queryRanges(place, length);
  range(2, ...first);
  if (boundary >= 0) range(4, boundary, boundary + 1);
  range(6, ...repeat);
  for (let t = 0; t < length - 1; t++) sums[SHARD_SUMS + t]! += losses[t]!;
}

function decaySegments({ model: config, training }: Experiment, weights: Parameters, floatBytes: number): Segment[] {
  const decays = training.decayed.map(globExpression);
  return weights.all.map((tensor, i) => {
    const next = weights.all[i + 1];
    const start = (tensor.address - weights.address) / floatBytes;
    const end = next ? (next.address - weights.address) / floatBytes : weights.length;
    const decayed = decays.some((expression) => expression.test(tensor.name)) && isLearned(config, tensor.name);
    return { from: start, to: end, weightDecay: decayed ? training.weightDecay : 0 };
  });
}
