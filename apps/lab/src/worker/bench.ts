// The bench inside the worker: the run that trains, the run kept beside it, and what is looked at. Everything that a
// question of the page can do is a method here.
import {
  type AuditRecord,
  type Engine,
  flatLosses,
  guessingLoss,
  Model,
  type NamedWeights,
  NonFiniteLossError,
  parameterCount,
  parseExperiment,
  type StartPool,
  segmentsOf,
} from '@induction-lab/core/browser';
import type { AuditAnswer, BenchRun, Look, Message, Questions } from '../protocol.ts';
import { later } from './later.ts';
import { openFile, START } from './openedFile.ts';
import { Run } from './run.ts';
import { auditOf, checkpointOf, loadStep, type Subject, viewOf } from './subject.ts';

/** Views that may be under way to the page at once; while it is slower, steps go on unseen. */
const UNSEEN = 2;

export class Bench {
  private main: Subject | null = null;
  private other: Subject | null = null;
  private look: Look = START;
  /** The look that was shown last: one that cannot be shown gives way to it. */
  private shown: Look = START;
  /** Why nothing could be shown, so that it is said once and not at every rest; null when something was. */
  private trouble: string | null = null;
  private speed = Number.POSITIVE_INFINITY;
  private nextId = 1;
  private unseen = 0;
  /** A view was left out because the page had not drawn the last ones. */
  private owed = false;
  private readonly engine: Engine;
  private readonly pool: { threads: number; start: StartPool };
  private readonly post: (message: Message, transfer?: Transferable[]) => void;

  constructor(
    engine: Engine,
    pool: { threads: number; start: StartPool },
    post: (message: Message, transfer?: Transferable[]) => void,
  ) {
    this.engine = engine;
    this.pool = pool;
    this.post = post;
  }

  /** The page has drawn a view. */
  seen(): void {
    this.unseen = Math.max(0, this.unseen - 1);
    if (this.owed) this.tryToShow();
  }

  /** Answers a question. Throws an Error whose message the page shows. */
  async answer<K extends keyof Questions>(kind: K, ask: Questions[K]['ask']): Promise<unknown> {
    const methods: { [Q in keyof Questions]: (ask: Questions[Q]['ask']) => Promise<Questions[Q]['answer']> } = {
      start: (a) => this.start(a),
      control: async (a) => this.control(a),
      speed: async ({ stepsPerSecond }) => {
        this.speed = stepsPerSecond;
        this.main?.run?.setSpeed(stepsPerSecond);
        return null;
      },
      look: async (look) => {
        this.look = look;
        try {
          this.show();
        } catch (error) {
          this.look = this.shown;
          throw error;
        }
        return null;
      },
      resume: async ({ step }) => {
        await this.run().resume(step);
        this.subject().sent = 0;
        this.progress();
        this.show();
        return null;
      },
      endComparison: async () => {
        if (!this.other) return null;
        await this.drop('other');
        this.show();
        return null;
      },
      audit: async () => this.auditAnswer({ proof: false }),
      prove: async () => this.auditAnswer({ proof: true }),
      exercise: async ({ name, answer }) => {
        const { checkExercise, audit } = await later();
        const subject = this.subject();
        const at = loadStep(subject, answer.look.step);
        const { model, info } = subject;
        const judged = (): AuditRecord => auditOf(subject, at.fingerprint, audit);
        return { ...checkExercise(name, { model, experiment: info.experiment, audit: judged }, answer), ...at };
      },
      checkpoint: async () => {
        const parts = await later();
        return checkpointOf(this.subject(), this.look.step, parts);
      },
      metrics: async () => {
        const { records } = this.run();
        const lines = records.map((r) => `${JSON.stringify({ ...flatLosses(r), perPosition: undefined })}\n`).join('');
        return { lines, run: this.subject().info };
      },
      load: (a) => this.loadFile(a),
    };
    return methods[kind](ask);
  }

  private subject(): Subject {
    if (!this.main) throw new Error('There is no model yet; choose a preset.');
    return this.main;
  }

  private run(): Run {
    const { run } = this.subject();
    if (!run) throw new Error('A checkpoint from a file cannot be trained on: choose a preset to start a run.');
    return run;
  }

  private async drop(which: 'main' | 'other'): Promise<void> {
    const subject = this[which];
    this[which] = null;
    await subject?.run?.end();
  }

  private async start(ask: Questions['start']['ask']): Promise<BenchRun> {
    const { seed, until, keepOther } = ask;
    // Before anything ends: an impossible setting leaves the bench as it is.
    const experiment = parseExperiment(ask.experiment);
    const model = new Model(this.engine, experiment.model);
    if (keepOther) {
      await this.drop('other');
      await this.main?.run?.end();
      this.other = this.main;
      this.main = null;
    } else await this.drop('main');
    const run = new Run({
      engine: this.engine,
      experiment,
      seed,
      threads: this.pool.threads,
      startPool: this.pool.start,
      onRest: (rested) => this.onRest(rested),
      onFailure: (failed, error) => this.onFailure(failed, error),
    });
    run.setSpeed(this.speed);
    this.look = ask.look;
    const { info } = this.adopt({ experiment, seed, file: null }, { run, model });
    await run.begin();
    if (until > 0) {
      run.play(until);
      this.progress();
    }
    return info;
  }

  private adopt(
    about: Pick<BenchRun, 'experiment' | 'seed' | 'file'>,
    made: { model: Model } & ({ run: Run } | { loaded: NamedWeights }),
  ): Subject {
    const { model: config, name } = about.experiment;
    const id = this.nextId++;
    const segments = segmentsOf(about.experiment.task);
    const lnVocab = guessingLoss(config);
    const info: BenchRun = { ...about, id, name, parameters: parameterCount(config), lnVocab, segments };
    this.main = { id, info, run: null, loaded: null, ...made, scored: null, audited: null, sent: 0 };
    this.trouble = null;
    return this.main;
  }

  private control({ action, until }: Questions['control']['ask']): null {
    const run = this.run();
    if (action === 'play') run.play(until);
    else if (action === 'step') run.play(run.step + 1);
    else run.pause();
    this.progress();
    if (run.status === 'paused') this.show(); // at rest more sequences are looked at
    return null;
  }

  private onRest(run: Run): void {
    if (run !== this.main?.run) return;
    this.progress();
    if (this.look.step === null || run.status !== 'playing') this.tryToShow();
  }

  private onFailure(run: Run, error: Error): void {
    if (run === this.main?.run) this.progress();
    const remedy = 'What is kept on the timeline can still be looked at; Reset starts again.';
    // A loss that is no number would come to the same again.
    const again = !(error instanceof NonFiniteLossError);
    this.post({ kind: 'trouble', sentence: `${error.message.replace(/\.?$/, '.')} ${remedy}`, again });
  }

  private progress(): void {
    const subject = this.main;
    const run = subject?.run;
    if (!subject || !run) return;
    const losses = run.records.slice(subject.sent).map(({ step, segments }) => ({ step, segments }));
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
    subject.sent = run.records.length;
  }

  /** Shows where nobody has asked: what cannot be shown is told, and training goes on. */
  private tryToShow(): void {
    try {
      this.show();
    } catch (error) {
      const sentence = `The model cannot be shown: ${(error as Error).message}`;
      if (sentence === this.trouble) return;
      this.trouble = sentence;
      const { request } = this.look;
      this.post({ kind: 'trouble', sentence, ...(request === undefined ? {} : { request }) });
      this.look = this.shown;
    }
  }

  private show(): void {
    if (!this.main) return;
    this.owed = this.unseen >= UNSEEN;
    if (this.owed) return;
    const view = viewOf(this.main, this.look, this.look.step);
    const step = this.look.step ?? this.main.run?.step ?? null;
    const beside = this.other && { run: this.other.id, view: viewOf(this.other, this.look, step) };
    this.unseen++;
    this.shown = this.look;
    this.trouble = null;
    const transfer = [view, beside?.view].flatMap((v) => (v ? [v.patterns.buffer, v.control.buffer] : []));
    this.post({ kind: 'view', run: this.main.id, view, beside }, transfer as ArrayBuffer[]);
    later().catch(() => {}); // told when it is asked for
  }

  private async auditAnswer(wanted: { proof: boolean }): Promise<AuditAnswer> {
    const { audit, prove, headMarks } = await later();
    const subject = this.subject();
    const at = loadStep(subject, this.look.step);
    const record = auditOf(subject, at.fingerprint, audit);
    const proof = wanted.proof ? prove(subject.model, { audit: record, sequences: 48 }) : null;
    return { ...at, record, proof, marks: [...headMarks({ audit: record, ...(proof ? { proof } : {}) })] };
  }

  /** Takes a checkpoint in place of the run, once it has been seen that it can be shown. */
  private async loadFile(ask: Questions['load']['ask']): Promise<BenchRun> {
    const { readCheckpoint } = await later();
    const { about, model, loaded, look } = openFile(this.engine, ask, { readCheckpoint, period: this.look.period });
    await this.drop('main');
    await this.drop('other'); // its tokens may be other ones
    this.look = look;
    const { info } = this.adopt(about, { model, loaded });
    this.tryToShow();
    return info;
  }
}
