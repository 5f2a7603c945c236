// The bench inside the worker: what is done for each question of the page, and what the page is told of a run.
import { type Engine, NonFiniteLossError, type StartPool } from '@induction-lab/core/browser';
import { flatLosses } from '@induction-lab/core/internal';
import type { BenchRun, Questions } from '../protocol.ts';
import { later } from './later.ts';
import { Models } from './models.ts';
import type { Run } from './run.ts';
import { type Post, Views } from './views.ts';

type Answers = { [Q in keyof Questions]: (ask: Questions[Q]['ask']) => Promise<Questions[Q]['answer']> };

export class Bench {
  private readonly models: Models;
  private readonly views: Views;
  private readonly post: Post;

  constructor(engine: Engine, pool: { threads: number; start: StartPool }, post: Post) {
    this.post = post;
    this.models = new Models(engine, pool, {
      rested: (run) => this.rested(run),
      failed: (run, error) => this.failed(run, error),
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
      const run = await this.models.start(ask, ask.fetched || ask.data ? await later() : undefined);
      this.views.begin(ask.look);
      const { info } = this.models.subject();
      await run.begin();
      if (ask.until > 0) {
        run.play(ask.until);
        this.progress();
      }
      return info;
    },
    adopt: async ({ saved, look }) => {
      const run = await this.models.takeUp(saved, await later());
      this.views.begin(look);
      await run.takeUp(saved);
      return this.models.subject().info;
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
