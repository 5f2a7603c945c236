// Seeds of one experiment that train side by side in this worker: in turns on its thread, or as an ensemble on a GPU.
import {
  type Engine,
  Model,
  parseExperiment,
  type StartPool,
  segmentsOf,
  startInline,
} from '@induction-lab/core/browser';
import type { SavedRun } from '../../protocol.ts';
import type { SeedVerdict, WallMessage, WallQuestions } from '../../wallProtocol.ts';
import { later, type OnGpu, onGpu } from '../later.ts';
import { fingerprintOf } from '../look.ts';
import { leftGpuText, Run } from '../run.ts';
import { savedRunOf } from '../savedRun.ts';
import { glimpseOf } from './glimpse.ts';

type Answers = { [Q in keyof WallQuestions]: (ask: WallQuestions[Q]['ask']) => Promise<WallQuestions[Q]['answer']> };

/** Glimpses that may be under way to the page at once; while it is slower, steps go on unseen. */
const UNSEEN = 4;

/** Milliseconds between two glimpses of a seed that trains. */
const EVERY = 400;

/** Sequences that a verdict is measured on, as on the bench. */
const AUDIT_SEQUENCES = 32;

interface Seed {
  readonly run: Run;
  /** Losses that the page has. */
  sent: number;
  shownAt: number;
  /** The step of the last glimpse at rest. */
  rested: number;
}

/** Gives the pools of an ensemble on a GPU, and its name. Rejects with an Error that says why there is none. */
export type OpenEnsemble = OnGpu['openEnsemble'];

export class Seeds {
  private readonly engine: Engine;
  private readonly post: (message: WallMessage, transfer?: Transferable[]) => void;
  private readonly openEnsemble: OpenEnsemble;
  private readonly seeds = new Map<number, Seed>();
  private model: Model | null = null;
  private period = 0;
  /** What can be predicted, by its name among the losses; the whole where the task has no name for it. */
  private segment: string | null = null;
  private unseen = 0;
  /** Seeds that are to be shown, in the order in which they are: none is shown twice while another waits. */
  private readonly owed = new Set<number>();

  constructor(
    engine: Engine,
    post: (message: WallMessage, transfer?: Transferable[]) => void,
    openEnsemble: OpenEnsemble = async (...asked) => (await onGpu()).openEnsemble(...asked),
  ) {
    this.engine = engine;
    this.post = post;
    this.openEnsemble = openEnsemble;
  }

  /** Answers a question. Throws an Error whose message the page shows. */
  async answer<K extends keyof WallQuestions>(kind: K, ask: WallQuestions[K]['ask']): Promise<unknown> {
    return this.answers[kind](ask);
  }

  /** The page has drawn a glimpse. */
  seen(): void {
    this.unseen = Math.max(0, this.unseen - 1);
    this.showOwed();
  }

  /** Shows those that are to be shown, as many as the page can draw. */
  private showOwed(): void {
    for (const seed of this.owed) {
      if (this.unseen >= UNSEEN) return;
      this.owed.delete(seed);
      this.show(seed);
    }
  }

  private readonly answers: Answers = {
    begin: async ({ experiment: asked, seeds, until, period, gpu, keptBytes }) => {
      const experiment = parseExperiment(asked);
      const { engine } = this;
      this.model = new Model(engine, experiment.model);
      this.period = period;
      this.segment = segmentsOf(experiment.task).find(({ predictable }) => predictable)?.name ?? null;
      const ensemble = gpu === null ? null : await this.openEnsemble(gpu, { engine, experiment, count: seeds.length });
      const startPool = (i: number): StartPool => ensemble?.pools[i] ?? startInline();
      const instead = {
        startPool: startInline(),
        told: (run: Run, error: Error) => this.post({ kind: 'leftGpu', sentence: leftGpuText(run, error) }),
      };
      const runs = seeds.map(
        (seed, i) =>
          new Run({
            ...{ engine, experiment, seed, keptBytes, threads: 1, startPool: startPool(i) },
            ...(ensemble ? { gpu: ensemble.gpu, instead } : {}),
            onRest: () => this.rested(seed),
            onFailure: (_, { message }) => this.post({ kind: 'failed', seed, sentence: message }),
          }),
      );
      seeds.forEach((seed, i) => {
        this.seeds.set(seed, { run: runs[i]!, sent: 0, shownAt: 0, rested: -1 });
      });
      await Promise.all(runs.map((run) => run.begin()));
      for (const run of runs) run.play(until);
      return { gpu: ensemble?.gpu ?? null };
    },
    train: async ({ until }) => {
      for (const { run } of this.seeds.values())
        if (until === null) run.pause();
        else run.play(until);
      // Of those that wait already nothing is heard by itself.
      for (const [seed, { run, rested }] of this.seeds)
        if (run.status !== 'playing' && rested < run.step) this.owed.add(seed);
      this.showOwed();
      return null;
    },
    judge: async ({ seed }) => this.judge(seed),
    take: async ({ seed }) => this.take(seed),
  };

  private seed(seed: number): Seed {
    const found = this.seeds.get(seed);
    if (!found) throw new Error(`Seed ${seed} does not train here.`);
    return found;
  }

  /** Settles when the seed rests. */
  private async atRest(seed: number): Promise<Run> {
    const { run } = this.seed(seed);
    await run.atRest();
    return run;
  }

  private async judge(seed: number): Promise<SeedVerdict> {
    const { weights, step } = await this.atRest(seed);
    const { model } = this;
    if (!weights || !model) throw new Error(`Seed ${seed} has no weights.`);
    const { audit } = await later();
    model.setWeights(weights);
    const { verdict, sentence } = audit(model, { sequences: AUDIT_SEQUENCES });
    return { verdict, sentence, step, fingerprint: fingerprintOf(weights) };
  }

  private async take(seed: number): Promise<SavedRun> {
    const saved = savedRunOf(await this.atRest(seed));
    if (!saved) throw new Error(`Seed ${seed} has failed; there is nothing to open.`);
    return saved;
  }

  private rested(seed: number): void {
    const found = this.seed(seed);
    const still = found.run.status !== 'playing';
    if (still ? found.rested < found.run.step : performance.now() - found.shownAt >= EVERY) this.owed.add(seed);
    this.showOwed();
  }

  /** Sends a glimpse. */
  private show(seed: number): void {
    const found = this.seed(seed);
    const { run, sent } = found;
    const { model } = this;
    if (!run.weights || !model) return;
    const resting = run.status !== 'playing';
    model.setWeights(run.weights);
    const fingerprint = fingerprintOf(run.weights);
    const seen = glimpseOf(model, this.period);
    const fresh = run.records.slice(sent);
    const losses = fresh.map(({ loss, segments }) => (this.segment === null ? loss : (segments[this.segment] ?? loss)));
    found.sent = run.records.length;
    found.shownAt = performance.now();
    if (resting) found.rested = run.step;
    this.unseen++;
    this.post(
      { kind: 'glimpse', seed, step: run.step, fingerprint, ...seen, losses, from: sent + 1, resting },
      seen.heads.map(({ pattern }) => pattern.buffer as ArrayBuffer),
    );
  }
}
