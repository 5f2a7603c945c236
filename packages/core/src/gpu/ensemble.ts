// Runs of one shape that train together on a GPU. Each is a pool of its own to the training loop, with its own pauses; the
// ensemble goes on when all of them have said how far, and those that rest are waited for. A lost GPU is opened again, and
// every run goes on from where it last rested: what it reported is not reported twice.
import type { Engine } from '../engine/engine.ts';
import type { Experiment } from '../training/experiment.ts';
import type { PoolOptions, StartPool, TrainingPool } from '../training/parallel/pool.ts';
import { type Gpu, GpuError } from './adapter.ts';
import { membersThatFit } from './buffers.ts';
import { selfTest } from './gradientCheck.ts';
import { writeHyper } from './hyper.ts';
import { type Layout, layoutOf } from './layout.ts';
import { Member } from './member.ts';
import type { DrawnBatch } from './memberBatches.ts';
import { Pace } from './pace.ts';
import { refusalOf } from './refusal.ts';
import { GpuTrainer, type TrainerOptions } from './trainer.ts';
import { HYPER_WORDS } from './wgsl/bindings.ts';

export interface EnsembleOptions {
  /** Gives the gradients that the GPU's are compared with before anything trains. */
  readonly engine: Engine;
  /** The experiment of each member: models and batches of one size. */
  readonly experiments: readonly Experiment[];
  readonly change?: TrainerOptions['change'];
}

/** Submissions on their way at a time: while one is computed the next is drawn. */
const IN_FLIGHT = 2;

/** Losses of the GPU in a row, without a step between them, after which the run fails. */
const MOST_LOSSES = 3;

export class GpuEnsemble {
  private readonly gpu: Gpu;
  private readonly layout: Layout;
  private readonly options: EnsembleOptions;
  private readonly members: (Member | null)[];
  private readonly left: boolean[];
  private device!: GPUDevice;
  private trainer!: GpuTrainer;
  /** Why the device is of no more use. */
  private lost: string | null = null;
  /** What the device refused to do, if anything: what it computes since is worth nothing. */
  private refused: string | null = null;
  private pace = new Pace();
  private running = false;

  private constructor(gpu: Gpu, options: EnsembleOptions) {
    const { model, training } = options.experiments[0]!;
    this.gpu = gpu;
    this.options = options;
    this.layout = layoutOf(model, training.batch);
    this.members = options.experiments.map(() => null);
    this.left = options.experiments.map(() => false);
  }

  /** Opens the GPU and tests it. Rejects with a GpuError where it cannot train these, or computes wrong gradients. */
  static async start(gpu: Gpu, options: EnsembleOptions): Promise<GpuEnsemble> {
    for (const experiment of options.experiments) {
      const refusal = refusalOf(experiment);
      if (refusal !== null) throw new GpuError(refusal);
    }
    const ensemble = new GpuEnsemble(gpu, options);
    await ensemble.open();
    try {
      await selfTest(ensemble.trainer, options.engine, options.experiments[0]!);
    } catch (error) {
      ensemble.device.destroy();
      throw error;
    }
    return ensemble;
  }

  /** What starts the pool of a member, once. */
  member(index: number): StartPool {
    return async (options) => this.join(index, options);
  }

  /** Says that a member will take no more steps; the others do not wait for it. */
  leave(index: number): void {
    if (this.left[index]) return;
    this.left[index] = true;
    if (this.left.every(Boolean)) this.close();
    else this.wake();
  }

  private async open(): Promise<void> {
    const { experiments, change } = this.options;
    this.device = await this.gpu.open();
    const { device } = this;
    this.lost = null;
    device.lost.then(({ message }) => {
      if (device === this.device) this.lost ??= message || 'no reason given';
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      this.refused ??= error.message.split('\n')[0]!;
    });
    if (membersThatFit(this.layout, device.limits) < experiments.length) {
      device.destroy();
      throw new GpuError(
        `The GPU ${this.gpu.info.adapter} has no buffers large enough for ${experiments.length === 1 ? 'this model' : `${experiments.length} of these models at once`}.`,
      );
    }
    this.trainer = await GpuTrainer.create(device, {
      ...{ layout: this.layout, members: experiments.length, change },
      clips: experiments.some(({ training }) => training.clipNorm !== null),
      competes: experiments.some(({ training }) => training.competition > 0),
    });
  }

  private close(): void {
    this.trainer.destroy();
    this.device.destroy();
  }

  private join(index: number, options: PoolOptions): TrainingPool {
    const member = new Member(options);
    this.members[index] = member;
    this.trainer.write(index, member.kept.floats, member.rules);
    return {
      threads: 1,
      run: (from, to, onStep) => {
        const done = member.order(from, to, onStep);
        this.wake();
        return done;
      },
      requestStop: () => {
        member.stopping = true;
      },
      read: async () => member.reading(),
      close: async () => this.leave(index),
    };
  }

  /** Goes on as soon as every member that has not left says how far. */
  private wake(): void {
    const waiting = this.members.filter((_, i) => !this.left[i]);
    if (this.running || waiting.length === 0 || !waiting.every((member) => member?.ordered)) return;
    this.running = true;
    void this.round();
  }

  /** Trains until a member is where it was to come, stops or fails, and lets it rest. */
  private async round(): Promise<void> {
    const members = this.members.flatMap((member) => member ?? []);
    try {
      await this.advance();
      this.running = false;
      for (const member of members) if (member.isThrough) member.rest();
    } catch (error) {
      this.running = false;
      for (const member of members) member.fail(error);
    }
    this.wake();
  }

  /** The members that train, by their places. */
  private get active(): [number, Member][] {
    return this.members.flatMap((member, i): [number, Member][] =>
      member && !this.left[i] && member.ordered && !member.ended ? [[i, member]] : [],
    );
  }

  /** Submits steps until a member is through, and keeps the state of those that are; opens a lost GPU again. */
  private async advance(): Promise<void> {
    for (let losses = 0; ; ) {
      const before = this.reported;
      try {
        await this.submitSteps();
        for (const [i, member] of this.members.entries())
          if (member && !this.left[i] && member.isThrough) member.keep(await this.trainer.read(i));
        return;
      } catch (error) {
        if (!(await this.wasLost())) throw error;
        const why = this.lost;
        losses = this.reported > before ? 1 : losses + 1;
        if (losses >= MOST_LOSSES)
          throw new GpuError(
            `The GPU ${this.gpu.info.adapter} was lost ${MOST_LOSSES} times without a step between (${why}); resume on the CPU from the last checkpoint.`,
          );
        await this.reopen().catch((reason: Error) => {
          throw new GpuError(
            `The GPU ${this.gpu.info.adapter} was lost (${why}) and does not come back: ${reason.message} Resume on the CPU from the last checkpoint.`,
          );
        });
      }
    }
  }

  /** Steps that all members together have reported. */
  private get reported(): number {
    return this.members.reduce((sum, member) => sum + (member?.reported ?? 0), 0);
  }

  /** Whether what went wrong is the loss of the device: the promise of it may come a moment later. */
  private async wasLost(): Promise<boolean> {
    await Promise.race([this.device.lost, new Promise((resolve) => setTimeout(resolve, 500))]);
    return this.lost !== null;
  }

  private async reopen(): Promise<void> {
    await this.open();
    this.pace = new Pace();
    for (const [i, member] of this.members.entries())
      if (member && !this.left[i]) {
        member.rewind();
        this.trainer.write(i, member.kept.floats, member.rules);
      }
  }

  private async submitSteps(): Promise<void> {
    const flying: (() => Promise<void>)[] = [];
    for (;;) {
      while (flying.length < IN_FLIGHT && this.stepsToSubmit > 0) flying.push(this.submit(this.stepsToSubmit));
      const next = flying.shift();
      if (!next) return;
      await next();
    }
  }

  /** As many as every member may take; none when one has ended and is to rest. */
  private get stepsToSubmit(): number {
    const { members, left, pace, trainer } = this;
    const most = members.map((member, i) => (member && !left[i] ? member.left : Number.POSITIVE_INFINITY));
    return Math.min(pace.steps, trainer.slots, ...most);
  }

  /** Draws and submits steps of all active members; what it returns waits for them and reports. */
  private submit(steps: number): () => Promise<void> {
    const { trainer } = this;
    const since = performance.now();
    const drawn = new Map<Member, { index: number; batches: DrawnBatch[] }>();
    const hyper = new ArrayBuffer(4 * HYPER_WORDS * steps * trainer.members);
    const size = 2 * this.layout.batch * this.layout.sizes.positions;
    const sequences = new Int32Array(steps * trainer.members * size);
    const active = new Map(this.active);
    for (let step = 0; step < steps; step++)
      for (let index = 0; index < trainer.members; index++) {
        const slot = step * trainer.members + index;
        const member = active.get(index);
        if (!member) {
          writeHyper(hyper, slot, null);
          continue;
        }
        const batch = member.draw(sequences.subarray(slot * size, (slot + 1) * size));
        const { training } = member.batches.experiment;
        writeHyper(hyper, slot, batch && { training, step: batch.step, counted: batch.counted });
        if (!batch) continue;
        if (!drawn.has(member)) drawn.set(member, { index, batches: [] });
        drawn.get(member)!.batches.push(batch);
      }
    const measured = trainer.submit({ steps, hyper, sequences });
    measured.catch(() => {}); // told where it is awaited
    return async () => {
      const found = await measured;
      if (this.refused !== null)
        throw new GpuError(
          `The GPU ${this.gpu.info.adapter} failed (${this.refused}); resume on the CPU from the last checkpoint.`,
        );
      this.pace.through(steps, since, performance.now());
      for (const [member, { index, batches }] of drawn)
        batches.forEach((batch, step) => {
          member.report(member.batches.losses(batch, found.losses(step, index), found.squares(step, index)));
        });
    };
  }
}
