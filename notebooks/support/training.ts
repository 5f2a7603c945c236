// Training with a cell that shows how it goes.
import {
  type Engine,
  type Experiment,
  finalLosses,
  Model,
  mainSegment,
  NonFiniteLossError,
  type Segment,
  type SegmentLosses,
  type StepRecord,
  segmentsOf,
  startInline,
  startWorkers,
  type TrainingData,
  train,
} from '@induction-lab/core/node';
import type { LossPoint } from '@induction-lab/figures/node';
import { LiveText } from './display.ts';
import { KnobError } from './knobs.ts';
import { count, nats } from './numbers.ts';

/** A trained model with its loss curves. */
export interface TrainedRun {
  readonly model: Model;
  /** Losses of every step, each on a fresh batch, in nats. */
  readonly points: readonly LossPoint[];
  /** What the losses are of, by the task's own names; single positions, which are noisy, are left out. */
  readonly segments: readonly Segment[];
  /** Means of the last 20 steps by segment, since single batches are noisy. */
  readonly final: SegmentLosses;
  /** The first step whose loss on what can be predicted was below 1 nat, if any. */
  readonly solvedAt: number | null;
}

/** Milliseconds between updates of the cell. */
const REFRESH = 400;

/** Trains an experiment, on `data` where its task is that, and shows progress, losses and speed in the cell. Throws a KnobError when the loss explodes. */
export async function trainLive(
  engine: Engine,
  experiment: Experiment,
  options: { seed: number; threads: number; data?: TrainingData },
): Promise<TrainedRun> {
  const live = new LiveText();
  const progress = new TrainingLog(experiment);
  let shown = 0;
  let writing: Promise<void> = live.write(progress.text());
  const startPool = engine.wasm?.shared ? startWorkers() : startInline();
  const onStep = (record: StepRecord): void => {
    progress.add(record);
    if (performance.now() - shown < REFRESH) return;
    shown = performance.now();
    writing = writing.then(() => live.write(progress.text()));
  };
  try {
    const outcome = await train({ engine, experiment, ...options, startPool, observer: { onStep } });
    await writing;
    await live.write(progress.text({ threads: outcome.threads }));
    const model = new Model(engine, experiment.model);
    model.setWeights(outcome.weights);
    const { points, segments } = progress;
    return { model, points, segments, final: progress.final(), solvedAt: progress.solvedAt() };
  } catch (error) {
    await writing;
    if (!(error instanceof NonFiniteLossError)) throw error;
    throw new KnobError(
      `The loss of "${experiment.name}" is no longer a number at step ${error.step}; lower its learning rate in the cell of knobs.`,
    );
  }
}

/** What is known of a run, and how it reads while it goes on and when it has ended. */
export class TrainingLog {
  readonly points: LossPoint[] = [];
  readonly segments: readonly Segment[];
  private readonly name: string;
  private readonly steps: number;
  private readonly logged: ReadonlySet<number>;
  private readonly started = performance.now();

  constructor({ name, task, training: { steps } }: Pick<Experiment, 'name' | 'task' | 'training'>) {
    this.segments = segmentsOf(task).filter(({ single }) => !single);
    this.name = name;
    this.steps = steps;
    this.logged = new Set([
      1,
      50,
      ...Array.from({ length: 20 }, (_, i) => 100 * 2 ** i).filter((s) => s < steps),
      steps,
    ]);
  }

  add({ step, segments }: StepRecord): void {
    this.points.push({ step, segments });
  }

  final(): SegmentLosses {
    return finalLosses(this.points);
  }

  solvedAt(): number | null {
    const { name } = mainSegment(this.segments);
    return this.points.find(({ segments }) => (segments[name] ?? Number.POSITIVE_INFINITY) < 1)?.step ?? null;
  }

  /** The log as text; with `ended`, its last form. */
  text(ended?: { threads: number }): string {
    const { name, steps, points, segments } = this;
    const step = points.at(-1)?.step ?? 0;
    const seconds = (performance.now() - this.started) / 1000;
    const done = Math.round((20 * step) / steps);
    const bar = `${'█'.repeat(done)}${'░'.repeat(20 - done)}`;
    const left = step === 0 ? '' : `, about ${Math.ceil((seconds * (steps - step)) / step)} s left`;
    const speed = `${(step / seconds).toFixed(0)} steps a second`;
    const wide = ({ title }: Segment): number => Math.max(12, title.length + 2);
    const cells = (cell: (segment: Segment) => string): string =>
      segments.map((segment) => cell(segment).padStart(wide(segment))).join('');
    const rows = points
      .filter((p) => this.logged.has(p.step))
      .map((p) => `${count(p.step).padStart(6)}${cells(({ name }) => nats(p.segments[name] ?? null))}`);
    return [
      `${name}  ${bar}  step ${count(step)} of ${count(steps)}`,
      ended
        ? `${seconds.toFixed(1)} s, ${speed}, ${ended.threads} ${ended.threads === 1 ? 'thread' : 'threads'}`
        : `${seconds.toFixed(1)} s, ${speed}${left}`,
      '',
      `  step${cells(({ title }) => title)}   (loss in nats, one batch each)`,
      ...rows,
    ].join('\n');
  }
}
