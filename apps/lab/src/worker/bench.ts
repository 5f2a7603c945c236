// The bench inside the worker: what is done for each question of the page, and what the page is told of a run.
import { type Engine, NonFiniteLossError, parseExperiment, type StartPool } from '@induction-lab/core/browser';
import { flatLosses } from '@induction-lab/core/internal';
import type { BenchRun, Look, Questions, SavedRun } from '../protocol.ts';
import { Keeping } from './keeping.ts';
import type { KeptRuns } from './keptRuns.ts';
import { later, onGpu, openKept } from './later.ts';
import { Models, type OnGpuRun } from './models.ts';
import { leftGpuText, type Run } from './run.ts';
import { type Post, Views } from './views.ts';

type Answers = { [Q in keyof Questions]: (ask: Questions[Q]['ask']) => Promise<Questions[Q]['answer']> };

export class Bench {
  private readonly models: Models;
  private readonly views: Views;
  private readonly post: Post;
  private readonly keeping: Keeping;

  /** `open` opens what is kept from one visit to the next. */
  constructor(
    engine: Engine,
    pool: { threads: number; start: StartPool },
    post: Post,
    open: () => Promise<KeptRuns> = openKept,
  ) {
    this.post = post;
    this.keeping = new Keeping(open);
    this.models = new Models(engine, pool, {
      rested: (run) => this.rested(run),
      failed: (run, error) => this.failed(run, error),
      leftGpu: (run, error) => this.post({ kind: 'trouble', sentence: leftGpuText(run, error) }),
    });
    this.views = new Views(this.models, post);
  }

  /** The page has drawn a view. */
  seen(): void {
    this.views.seen();
    later().catch(() => {}); // told when it is asked for
  }

  /** Answers a question. Throws an Error whose message the page shows. */
  async answer<K extends keyof Questions>(kind: K, ask: Questions[K]['ask']): Promise<unknown> {
    return this.answers[kind](ask);
  }

  private readonly answers: Answers = {
    start: async (ask) => {
      const kept = await this.keeping.instead(ask);
      if (kept) await this.takeUp(kept, ask.look, { kept: true });
      else {
        const gpu = await this.openGpu(ask);
        const parts = ask.fetched || ask.data ? await later() : null;
        const begun = await this.models.start(ask, { gpu, parts });
        this.views.begin(ask.look);
        await begun.begin();
      }
      const run = this.models.run();
      if (ask.until > run.step) {
        run.play(ask.until);
        this.progress();
      }
      return this.models.subject().info;
    },
    adopt: ({ saved, look }) => this.takeUp(saved, look),
    keep: (ask) => this.keeping.keep(this.models.run(), ask),
    kept: async () => (await this.keeping.runs()).list(),
    forget: async ({ key }) => (await this.keeping.runs()).forget(key),
    reopen: async ({ key, look }) => {
      const found = await (await this.keeping.runs()).find(key);
      if (!found) throw new Error('This run is kept no longer.');
      return { run: await this.takeUp(found.saved, look, { kept: true }), setting: found.kept.setting };
    },
    control: async ({ action, until }) => {
      const run = this.models.run();
      if (run.isFetched && action !== 'pause') this.models.subject().sent = 0; // it begins anew
      if (action === 'play') run.play(until);
      else if (action === 'step') run.play(run.step + 1);
      else run.pause();
      this.progress();
      if (run.status === 'paused') this.views.show(); // at rest more sequences are looked at
      return null;
    },
    speed: async ({ stepsPerSecond }) => {
      this.models.setSpeed(stepsPerSecond);
      return null;
    },
    look: async (look) => {
      this.views.change(look);
      return null;
    },
    sweep: async (ask) => (await later()).sweepOf(this.models.subject(), ask),
    marks: async ({ known }) => (await later()).marksOf(this.models.subject(), known),
    resume: async ({ step }) => {
      await this.models.run().resume(step);
      this.models.subject().sent = 0;
      this.progress();
      this.views.show();
      return null;
    },
    endComparison: async () => {
      if (!this.models.other) return null;
      await this.models.drop('other');
      this.views.show();
      return null;
    },
    audit: async () => (await later()).verdictOn(this.models.subject(), this.views.look.step, { proof: false }),
    prove: async () => (await later()).verdictOn(this.models.subject(), this.views.look.step, { proof: true }),
    exercise: async (ask) => (await later()).judgeExercise(this.models.subject(), ask),
    checkpoint: async () => (await later()).checkpointOf(this.models.subject(), this.views.look.step),
    metrics: async () => {
      const { isFetched, records } = this.models.run();
      if (isFetched)
        throw new Error('The weights of this run were fetched, its metrics were not: train it to have them.');
      const lines = records.map((r) => `${JSON.stringify({ ...flatLosses(r), perPosition: undefined })}\n`).join('');
      return { lines, run: this.models.subject().info };
    },
    load: (ask) => this.load(ask),
    languageAudit: async () => (await later()).verdictOnTexts(this.models.subject()),
    randomOff: async () => (await later()).randomOffIn(this.models.subject(), this.views.look),
  };

  /** The GPU for a run, tested, where one was chosen. Throws an Error that says why it is not used. */
  private async openGpu({ experiment, gpu }: Questions['start']['ask']): Promise<OnGpuRun | null> {
    if (gpu === undefined) return null;
    const asked = { engine: this.models.engine, experiment: parseExperiment(experiment) };
    return (await onGpu()).openRun(gpu, asked);
  }

  /** Puts a saved run on the bench as it stood. */
  private async takeUp(saved: SavedRun, look: Look, { kept = false } = {}): Promise<BenchRun> {
    const run = await this.models.takeUp(saved, { kept });
    this.views.begin(look);
    await run.takeUp(saved);
    return this.models.subject().info;
  }

  /** Takes a checkpoint in place of the run, once it has been seen that it can be shown. */
  private async load(ask: Questions['load']['ask']): Promise<BenchRun> {
    const { openFile } = await later();
    const opened = await openFile(this.models.engine, ask, this.views.look.period);
    await this.models.load(opened);
    this.views.begin(opened.look);
    this.views.tryToShow();
    return this.models.subject().info;
  }

  private rested(run: Run): void {
    if (run !== this.models.main?.run) return;
    this.progress();
    if (this.views.look.step === null || run.status !== 'playing') this.views.tryToShow();
  }

  private failed(run: Run, error: Error): void {
    if (run === this.models.main?.run) this.progress();
    const remedy = 'What is kept on the timeline can still be looked at; Reset starts again.';
    // A loss that is no number would come to the same again.
    const again = !(error instanceof NonFiniteLossError);
    this.post({ kind: 'trouble', sentence: `${error.message.replace(/\.?$/, '.')} ${remedy}`, again });
  }

  private progress(): void {
    const subject = this.models.main;
    const run = subject?.run;
    if (!subject || !run) return;
    subject.sent = Math.min(subject.sent, run.losses.length); // a run may begin anew
    const losses = run.losses.slice(subject.sent).map(({ step, segments }) => ({ step, segments }));
    this.post({
      kind: 'progress',
      run: subject.id,
      step: run.step,
      status: run.status,
      stepsPerSecond: run.stepsPerSecond,
      threads: run.threads,
      from: subject.sent,
      losses,
      kept: run.keptSteps(),
    });
    subject.sent = run.losses.length;
  }
}
