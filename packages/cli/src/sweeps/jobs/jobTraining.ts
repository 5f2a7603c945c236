// The training of a job, whoever carries out its steps: from where it was saved, with what its measurements ask for on the
// way, and saved now and then.
import {
  type Engine,
  loadData,
  Model,
  measureCheckpoint,
  type Pause,
  type TrainingData,
  type TrainOptions,
} from '@induction-lab/core/node';
import { badInput } from '../../errors.ts';
import { Pauses } from '../../runs/pauses.ts';
import { readHalfDone, saveHalfDone } from './halfDone.ts';
import { History } from './history.ts';
import type { Job } from './job.ts';

export interface JobTrainingOptions {
  readonly engine: Engine;
  /** Where its state is kept while it is half done. */
  readonly half: string;
  readonly signal: AbortSignal;
  readonly onStep?: ((step: number) => void) | undefined;
  /** Says when states are saved; one of its own unless given. Runs that train together share one, to rest together. */
  readonly clock?: SaveClock | undefined;
}

export interface JobTraining {
  readonly history: History;
  /** The step that it goes on from. */
  readonly from: number;
  /** What `train` is given, without who carries out the steps. */
  readonly options: Omit<TrainOptions, 'startPool' | 'threads'>;
}

/** Sequences that a checkpoint is measured on, as in the analysis of a run. */
const CHECKPOINT_SEQUENCES = 12;

export async function jobTraining(job: Job, options: JobTrainingOptions): Promise<JobTraining> {
  const { experiment, seed, measure } = job;
  const { engine, half, signal, onStep, clock = new SaveClock() } = options;
  const { steps } = experiment.training;
  const saved = readHalfDone(half, { seed, steps });
  const history = saved?.history ?? new History();
  const watched = measure.dynamics || measure.phaseChange;
  const pauses = new Pauses(steps, { checkpointEvery: 0, scoresEvery: 0 });
  const from = saved?.state.step ?? 0;
  const look = (pause: Pause): void => {
    const measured = history.points.at(-1)?.step === pause.step;
    if (watched && !measured && pauses.isKept(pause.step)) history.points.push(pointAt(pause));
    if (pause.step === from) return;
    const must = signal.aborted || pause.step === steps;
    if (must || clock.isTime(pause.step)) saveHalfDone(half, { state: pause.state(), history });
  };
  const pointAt = (pause: Pause): History['points'][number] => {
    const looked = new Model(engine, experiment.model);
    looked.setWeights(pause.weights());
    return measureCheckpoint(looked, { step: pause.step, sequences: CHECKPOINT_SEQUENCES });
  };
  return {
    history,
    from,
    options: {
      ...{ engine, experiment, seed, signal },
      ...(job.data ? { data: await dataOf(job) } : {}),
      ...(saved ? { resume: saved.state } : {}),
      pauseAt: (step) => Math.min(watched ? pauses.after(step) : steps, clock.nextAfter(step)),
      observer: {
        onStep: (record) => {
          history.add(record);
          onStep?.(record.step);
        },
        onPause: look,
      },
    },
  };
}

/** Milliseconds between saved states: what a killed process loses at most. Most jobs are over sooner. */
const SAVE_EVERY = 30_000;

/** Steps before the speed is known, and between pauses at least. */
const FEW = 20;

/** Says at which steps a training is to be saved, by the clock. Whoever asks for the same step hears the same. */
export class SaveClock {
  private begun: { readonly step: number; readonly at: number } | null = null;
  private savedAt = performance.now();
  private readonly next = new Map<number, number>();
  private readonly times = new Map<number, boolean>();

  nextAfter(step: number): number {
    const known = this.next.get(step);
    if (known !== undefined) return known;
    const now = performance.now();
    this.begun ??= { step, at: now };
    const perStep = (now - this.begun.at) / Math.max(1, step - this.begun.step);
    const left = (this.savedAt + SAVE_EVERY - now) / perStep;
    const next = step + (step === this.begun.step ? FEW : Math.max(FEW, Math.ceil(left)));
    this.next.set(step, next);
    return next;
  }

  isTime(step: number): boolean {
    const known = this.times.get(step);
    if (known !== undefined) return known;
    const now = performance.now();
    const isTime = now - this.savedAt >= SAVE_EVERY;
    if (isTime) this.savedAt = now;
    this.times.set(step, isTime);
    return isTime;
  }
}

async function dataOf({ data, experiment }: Job): Promise<TrainingData> {
  const { path, sha256, dtype } = data!;
  const loaded = await loadData(path, { experiment, ...(dtype ? { dtype } : {}) });
  if (loaded.origin.sha256 !== sha256)
    throw badInput(
      `${path} is not the file that the sweep was planned with (SHA-256 ${sha256.slice(0, 12)}…); put it back.`,
    );
  return loaded;
}
