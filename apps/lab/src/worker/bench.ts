// The bench inside the worker: the run that trains, the run kept beside it, and what is looked at. Everything that a
// question of the page can do is a method here.
import {
  type AuditRecord,
  type Engine,
  type Experiment,
  flatLosses,
  Model,
  type ModelConfig,
  type NamedWeights,
  NonFiniteLossError,
  parameterCount,
  parseExperiment,
  type StartPool,
  segmentsOf,
} from '@induction-lab/core/browser';
import type { Findings, Look, Message, Questions, RunInfo, View } from '../protocol.ts';
import { type Later, later } from './later.ts';
import { barsOf, fingerprintOf, LOOK_SEQUENCES, longestPeriod, lookAt } from './look.ts';
import { Run } from './run.ts';

/** Sequences behind the live scores: fewer while training, since the threads wait for them. */
const LIVE_SEQUENCES = 4;
const RESTING_SEQUENCES = 16;

/** A run, or a checkpoint from a file, with what has been measured of it. */
interface Subject {
  readonly id: number;
  readonly info: RunInfo;
  /** Null for a loaded checkpoint. */
  readonly run: Run | null;
  readonly loaded: NamedWeights | null;
  readonly model: Model;
  scored: ({ fingerprint: string; sequences: number } & Pick<View, 'bars' | 'chance'>) | null;
  audited: { fingerprint: string; record: AuditRecord } | null;
  /** Records that the page has. */
  sent: number;
}

/** Views that may be under way to the page at once; while it is slower, steps go on unseen. */
const UNSEEN = 2;

const START: Look = { period: 25, tokens: null, ablated: [], kind: 'zero', cuts: [], step: null };

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
      audit: async () => this.findings({ proof: false }),
      prove: async () => this.findings({ proof: true }),
      exercise: async ({ name, answer }) => {
        const { checkExercise, audit } = await later();
        const subject = this.subject();
        const at = this.load(subject, answer.look.step);
        const { model, info } = subject;
        const judged = (): AuditRecord => this.auditOf(subject, at.fingerprint, audit);
        return { ...checkExercise(name, { model, experiment: info.experiment, audit: judged }, answer), ...at };
      },
      checkpoint: async () => this.checkpoint(),
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

  private async start(ask: Questions['start']['ask']): Promise<RunInfo> {
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
    about: Pick<RunInfo, 'experiment' | 'seed' | 'file'>,
    made: { model: Model } & ({ run: Run } | { loaded: NamedWeights }),
  ): Subject {
    const { model: config, name } = about.experiment;
    const id = this.nextId++;
    const segments = segmentsOf(about.experiment.task);
    const lnVocab = Math.log(config.dVocab);
    const info: RunInfo = { ...about, id, name, parameters: parameterCount(config), lnVocab, segments };
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

  /** Sets the model to the weights of a step (the newest at or before it that is kept); returns that step. */
  private load(subject: Subject, step: number | null): { step: number; fingerprint: string } {
    const { run, loaded, model } = subject;
    const wanted = step === null || !run ? (run?.step ?? 0) : step;
    const at = run
      ? (run
          .keptSteps()
          .filter((k) => k <= wanted)
          .pop() ?? 0)
      : 0;
    const weights = run ? run.weightsAt(at) : loaded;
    if (!weights) throw new Error(`Step ${at} is not kept; choose one of the marks on the timeline.`);
    model.setWeights(weights);
    return { step: at, fingerprint: fingerprintOf(weights) };
  }

  private viewOf(subject: Subject, step: number | null): View {
    const at = this.load(subject, step);
    const sequences = subject.run?.status === 'playing' ? LIVE_SEQUENCES : RESTING_SEQUENCES;
    let { scored } = subject;
    if (scored?.fingerprint !== at.fingerprint || scored.sequences < sequences)
      scored = { fingerprint: at.fingerprint, sequences, ...barsOf(subject.model, sequences) };
    subject.scored = scored;
    const { bars, chance } = scored;
    return lookAt(subject.model, this.look, { ...at, bars, chance });
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
    const view = this.viewOf(this.main, this.look.step);
    const step = this.look.step ?? this.main.run?.step ?? null;
    const beside = this.other && { run: this.other.id, view: this.viewOf(this.other, step) };
    this.unseen++;
    this.shown = this.look;
    this.trouble = null;
    const transfer = [view, beside?.view].flatMap((v) => (v ? [v.patterns.buffer, v.control.buffer] : []));
    this.post({ kind: 'view', run: this.main.id, view, beside }, transfer as ArrayBuffer[]);
    later().catch(() => {}); // told when it is asked for
  }

  private auditOf(subject: Subject, fingerprint: string, audit: Later['audit']): AuditRecord {
    if (subject.audited?.fingerprint !== fingerprint)
      subject.audited = { fingerprint, record: audit(subject.model, { sequences: 32 }) };
    return subject.audited.record;
  }

  private async findings(wanted: { proof: boolean }): Promise<Findings> {
    const { audit, prove, headMarks } = await later();
    const subject = this.subject();
    const at = this.load(subject, this.look.step);
    const record = this.auditOf(subject, at.fingerprint, audit);
    const proof = wanted.proof ? prove(subject.model, { audit: record, sequences: 48 }) : null;
    return { ...at, record, proof, marks: [...headMarks({ audit: record, ...(proof ? { proof } : {}) })] };
  }

  private async checkpoint(): Promise<Questions['checkpoint']['answer']> {
    const { encodeCheckpoint } = await later();
    const subject = this.subject();
    const { step } = this.load(subject, this.look.step);
    const { seed, name, experiment, file } = subject.info;
    const metadata: Record<string, string> = file
      ? { ...file.metadata }
      : { step: String(step), seed: String(seed), experiment: name };
    const bytes = encodeCheckpoint(experiment.model, subject.model.getWeights(), metadata);
    return { bytes, step, run: subject.info };
  }

  /** Takes a checkpoint in place of the run, once it has been seen that it can be shown. */
  private async loadFile({ bytes, file }: Questions['load']['ask']): Promise<RunInfo> {
    const { readCheckpoint } = await later();
    const { config, weights, metadata } = readCheckpoint(bytes, file);
    refuseTooLarge(config, file);
    const look: Look = { ...START, period: Math.min(this.look.period, longestPeriod(config)) };
    const model = new Model(this.engine, config);
    model.setWeights(weights);
    try {
      lookAt(model, look, { step: 0, fingerprint: '', ...barsOf(model, LIVE_SEQUENCES) });
    } catch (error) {
      throw new Error(`${file} cannot be shown here: ${(error as Error).message}`);
    }
    await this.drop('main');
    await this.drop('other'); // its tokens may be other ones
    this.look = look;
    const about = { experiment: withoutTraining(config, file), seed: 0, file: { metadata } };
    const { info } = this.adopt(about, { model, loaded: weights });
    this.tryToShow();
    return info;
  }
}

/** Bytes of patterns and logits that looking at a model may take in this page. */
const LOOK_BYTES = 200e6;

function refuseTooLarge(config: ModelConfig, file: string): void {
  const { nLayers, nHeads, nCtx, dVocab } = config;
  const floats = LOOK_SEQUENCES * nCtx * (nLayers * nHeads * nCtx + 2 * dVocab); // logits, and their softmax
  if (4 * floats > LOOK_BYTES)
    throw new Error(
      `${file} has ${nLayers * nHeads} heads, ${nCtx} positions and ${dVocab} tokens, too many to look at in this page; audit it with the command line.`,
    );
}

/** A checkpoint does not say how it was trained: its experiment is its model, and no training. */
function withoutTraining(model: ModelConfig, name: string): Experiment {
  const { task, training } = parseExperiment({
    name,
    model: { nLayers: 1, nHeads: 1, dModel: 4, dHead: 4, nCtx: 4, dVocab: 4, positions: 'none', normalization: null },
    task: { kind: 'random', distinct: false, maxPrefix: 0 },
    training: { steps: 1, batch: 1, learningRate: 1 },
  });
  return { name, about: '', model, task, training };
}
