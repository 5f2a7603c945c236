// One thread's share of data-parallel training: its shards of each batch, then its spans of the parameters.
// Three meetings per step: gradients complete; norm known; weights updated. Between two meetings nobody reads what
// another writes.

import type { Engine } from '../../engine/engine.ts';
import type { AdamWStep } from '../../engine/optimizerOps.ts';
import { Arena } from '../../engine/tensor.ts';
import type { Carry } from '../../model/components/component.ts';
import { Parameters } from '../../model/parameters.ts';
import type { Transformer } from '../../model/transformer.ts';
import { exactPower } from '../../random/exactMath.ts';
import type { DrawnSequence, SequenceSource } from '../../tasks/source.ts';
import { Clamps } from '../clamps.ts';
import { compete, competitionAt, keepDeleted } from '../competition.ts';
import { type DecayRun, decayRuns } from '../decayRuns.ts';
import { learningRateAt } from '../schedule.ts';
import type { StepLosses } from '../stepLosses.ts';
import type { Barrier, BarrierWatch } from './barrier.ts';
import { barrierOf, heartbeat } from './heartbeat.ts';
import { createTrainingProgram, SHARDS, SPANS, sumsLength, type TrainingPlan, type TrainingProgram } from './plan.ts';
import { ShardGradients } from './shardGradients.ts';

export class TrainingWorker {
  readonly weights: Parameters;
  private readonly plan: TrainingPlan;
  private readonly thread: number;
  private readonly source: SequenceSource;
  /** A sequence and its targets, [nCtx]. */
  private readonly tokens: Int32Array;
  private readonly targets: Int32Array;
  private readonly training: TrainingProgram;
  private readonly gradients: readonly ShardGradients[];
  private readonly carries: readonly Carry[];
  private readonly moments: readonly Parameters[];
  private readonly barrier: Barrier;
  private readonly pulse: BarrierWatch;
  private readonly arena: Arena;
  private readonly decayRuns: readonly DecayRun[];
  /** Ranges of floats, the parts of the work on gradients: of weights, and of tables. */
  private readonly weightSpans: readonly Span[];
  private readonly tableSpans: readonly Span[];
  private readonly clamps: Clamps;

  constructor(engine: Engine, plan: TrainingPlan, thread: number, source: SequenceSource) {
    const { memory, experiment } = plan;
    const floatBytes = engine.backend === 'reference' ? 8 : 4;
    const at = (address: number): Arena => new Arena(memory, floatBytes, address);
    this.plan = plan;
    this.thread = thread;
    this.source = source;
    this.tokens = new Int32Array(experiment.model.nCtx);
    this.targets = new Int32Array(experiment.model.nCtx);
    this.arena = at(plan.workspaces + thread * plan.workspaceStride);
    this.weights = new Parameters(experiment.model, at(plan.weights));
    this.training = createTrainingProgram(engine, experiment, this.arena, this.weights);
    const { program } = this.training;
    this.gradients = Array.from(
      { length: SHARDS },
      (_, shard) =>
        new ShardGradients(experiment.model, at(plan.gradients + shard * plan.gradientStride), program.tableGradients),
    );
    this.carries = program.carries();
    this.moments = [plan.m, plan.v].map((address) => new Parameters(experiment.model, at(address)));
    this.pulse = heartbeat(plan, thread);
    this.barrier = barrierOf(plan, this.pulse);
    this.decayRuns = decayRuns(experiment, this.weights, floatBytes);
    this.clamps = new Clamps(experiment.model, this.weights, experiment.training.clamps);
    this.weightSpans = spansOf(this.weights.length);
    this.tableSpans = spansOf(this.gradients[0]!.tablesLength, this.gradients[0]!.tablesFrom);
  }

  /** One optimiser step, counted from 1. A loss that is not finite leaves the weights as they were. */
  step(step: number): StepLosses {
    const { plan, thread, barrier } = this;
    const { training } = plan.experiment;
    const learningRate = learningRateAt(step, training);
    const scale = 1 / this.source.counted(step, () => this.pulse.alive());
    this.forEachPart(SHARDS, (shard) => this.runShard(step, shard, scale));
    barrier.meet();
    const losses = this.collect(step, learningRate);
    if (!Number.isFinite(losses.loss)) {
      this.forEachPart(SHARDS, (shard) => {
        const { all, tables } = this.gradients[shard]!;
        for (const g of [...all, ...tables]) g.data.fill(0);
      });
      barrier.meet();
      return losses;
    }
    if (this.carries.length > 0) this.carryTables();
    const squares = new Float64Array(plan.memory.buffer, plan.squares, SPANS);
    this.forEachPart(SPANS, (span) => {
      const [from, to] = this.weightSpans[span]!;
      squares[span] = this.training.optimizer.sumShards(from, to, plan.gradients, plan.gradientStride, SHARDS);
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
    this.forEachPart(SPANS, (span) => {
      this.update(span, update);
      this.clearTables(span);
    });
    this.pulse.alive();
    barrier.meet();
    if (training.competition > 0 || training.clamps.length > 0) {
      if (thread === 0) this.constrain(step, learningRate);
      barrier.meet();
    }
    this.weights.changed();
    return { ...losses, gradientNorm };
  }

  /** Sums the gradients of tables over the shards, and carries them to weights' gradients in the first shard. */
  private carryTables(): void {
    const { plan, barrier } = this;
    const first = this.gradients[0]!;
    this.forEachPart(SPANS, (span) => {
      const [from, to] = this.tableSpans[span]!;
      this.training.optimizer.sumShards(from, to, plan.gradients, plan.gradientStride, SHARDS);
    });
    barrier.meet();
    this.forEachPart(this.carries.length, (i) => this.carries[i]!(first));
    barrier.meet();
  }

  private clearTables(span: number): void {
    const [from, to] = this.tableSpans[span]!;
    const { floatBytes } = this.arena;
    if (from < to) this.arena.floats(this.plan.gradients + from * floatBytes, to - from).fill(0);
  }

  /** What acts on heads beside the loss. */
  private constrain(step: number, rate: number): void {
    const { model, training } = this.plan.experiment;
    const lambda = competitionAt(step, training);
    if (lambda > 0) compete(model, this.weights, { rate, lambda });
    if (lambda > 0 && step === training.competitionSteps?.[1]) keepDeleted(model, this.weights, this.moments);
    this.clamps.hold(step);
  }

  /** This thread's contiguous share of `count` parts. */
  private forEachPart(count: number, visit: (part: number) => void): void {
    const { thread, plan } = this;
    const end = Math.floor((count * (thread + 1)) / plan.threads);
    for (let part = Math.floor((count * thread) / plan.threads); part < end; part++) visit(part);
  }

  private update(span: number, step: AdamWStep): void {
    const { weights, gradients, m, v } = this.plan;
    const [from, to] = this.weightSpans[span]!;
    for (const { weightDecay, ...run } of this.decayRuns) {
      const start = Math.max(from, run.from);
      const end = Math.min(to, run.to);
      if (start >= end) continue;
      this.training.optimizer.adamw(start, end, { parameters: weights, gradients, m, v }, { ...step, weightDecay });
    }
  }

  private shardSums(shard: number): Float64Array {
    const length = sumsLength(this.source.segments.length, this.plan.experiment.model.nCtx);
    return new Float64Array(this.plan.memory.buffer, this.plan.sums + 8 * shard * length, length);
  }

  private runShard(step: number, shard: number, scale: number): void {
    const { batch } = this.plan.experiment.training;
    const { tokens, targets } = this;
    const { program } = this.training;
    const { length } = program.tokens;
    const sums = this.shardSums(shard).fill(0);
    const end = Math.floor((batch * (shard + 1)) / SHARDS);
    for (let sequence = Math.floor((batch * shard) / SHARDS); sequence < end; sequence++) {
      const drawn = this.source.fill(step, sequence, tokens, targets);
      program.tokens.data.set(tokens.subarray(0, length));
      program.targets.data.set(targets.subarray(0, length));
      program.forward();
      program.loss(scale);
      program.backward(this.gradients[shard]!);
      addLosses(sums, program, drawn);
      this.pulse.alive();
    }
  }

  private collect(step: number, learningRate: number): StepLosses {
    const { segments } = this.source;
    const { nCtx } = this.plan.experiment.model;
    const total = new Float64Array(sumsLength(segments.length, nCtx));
    for (let shard = 0; shard < SHARDS; shard++)
      this.shardSums(shard).forEach((x, i) => {
        total[i]! += x;
      });
    const mean = (i: number): number | null => (total[i + 1]! > 0 ? total[i]! / total[i + 1]! : null);
    const positions = 2 + 2 * segments.length;
    return {
      step,
      loss: mean(0) ?? Number.NaN,
      segments: Object.fromEntries(segments.map(({ name }, i) => [name, mean(2 + 2 * i)])),
      learningRate,
      gradientNorm: Number.NaN,
      perPosition: Array.from({ length: nCtx - 1 }, (_, t) => mean(positions + 2 * t)),
    };
  }
}

type Span = readonly [from: number, to: number];

/** Divides a range of floats, in whole pairs of cache lines. */
function spansOf(length: number, start = 0): Span[] {
  const size = Math.ceil(length / SPANS / 32) * 32;
  const at = (span: number): number => start + Math.min(length, span * size);
  return Array.from({ length: SPANS }, (_, span) => [at(span), at(span + 1)]);
}

/** Adds what one sequence lost: pairs of sum and count, of the positions trained on, of each segment, of each position. */
function addLosses(sums: Float64Array, program: Transformer, { length, segments }: DrawnSequence): void {
  const losses = program.losses.data;
  const { sum, count } = program.countedLoss();
  sums[0]! += sum;
  sums[1]! += count;
  segments.forEach((queries, i) => {
    const at = 2 + 2 * i;
    for (const [from, to] of queries) {
      const end = Math.min(to, length - 1);
      for (let t = from; t < end; t++) sums[at]! += losses[t]!;
      sums[at + 1]! += Math.max(0, end - from);
    }
  });
  const positions = 2 + 2 * segments.length;
  for (let t = 0; t < length - 1; t++) {
    sums[positions + 2 * t]! += losses[t]!;
    sums[positions + 2 * t + 1]! += 1;
  }
}
