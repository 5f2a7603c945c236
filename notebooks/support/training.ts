// Training with a cell that shows how it goes.
import {
  type Engine,
  type Experiment,
  finalLosses,
  Model,
  NonFiniteLossError,
  type StepRecord,
  startInline,
  startWorkers,
  train,
} from '@induction-lab/core/node';
import type { LossPoint as ChartedLoss } from '@induction-lab/figures/node';
import { LiveText } from './display.ts';
import { KnobError } from './knobs.ts';
import { count, nats } from './numbers.ts';

/** A trained model with its loss curves. */
export interface TrainedRun {
  readonly model: Model;
  /** Losses of every step, each on a fresh batch, in nats. */
  readonly points: readonly LossPoint[];
  /** Means of the last 20 steps, since single batches are noisy. */
  readonly final: Omit<LossPoint, 'step'>;
  /** The first step whose loss on the repeat was below 1 nat, if any. */
  readonly solvedAt: number | null;
}

type LossPoint = Required<ChartedLoss>;

/** Milliseconds between updates of the cell. */
const REFRESH = 400;

/** Trains an experiment and shows progress, losses and speed in the cell. Throws a KnobError when the loss explodes. */
export async function trainLive(
  engine: Engine,
  experiment: Experiment,
  options: { seed: number; threads: number },
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
    return { model, points: progress.points, final: progress.final(), solvedAt: progress.solvedAt() };
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
  private readonly name: string;
  private readonly steps: number;
  private readonly logged: ReadonlySet<number>;
  private readonly started = performance.now();

  constructor({ name, training: { steps } }: Pick<Experiment, 'name' | 'training'>) {
    this.name = name;
    this.steps = steps;
    this.logged = new Set([
      1,
      50,
      ...Array.from({ length: 20 }, (_, i) => 100 * 2 ** i).filter((s) => s < steps),
      steps,
    ]);
  }

  add({ step, lossFirst, lossBoundary, lossRepeat }: StepRecord): void {
    if (lossRepeat !== null) this.points.push({ step, lossFirst, lossBoundary, lossRepeat });
  }

  final(): TrainedRun['final'] {
    const { lossRepeat, ...others } = finalLosses(this.points);
    return { ...others, lossRepeat: lossRepeat ?? Number.NaN };
  }

  solvedAt(): number | null {
    return this.points.find((p) => p.lossRepeat < 1)?.step ?? null;
  }

  /** The log as text; with `ended`, its last form. */
  text(ended?: { threads: number }): string {
    const { name, steps, points } = this;
    const step = points.at(-1)?.step ?? 0;
    const seconds = (performance.now() - this.started) / 1000;
    const done = Math.round((20 * step) / steps);
    const bar = `${'█'.repeat(done)}${'░'.repeat(20 - done)}`;
    const left = step === 0 ? '' : `, about ${Math.ceil((seconds * (steps - step)) / step)} s left`;
    const speed = `${(step / seconds).toFixed(0)} steps a second`;
    const rows = points
      .filter((p) => this.logged.has(p.step))
      .map((p) => `${count(p.step).padStart(6)}${nats(p.lossFirst).padStart(18)}${nats(p.lossRepeat).padStart(12)}`);
    return [
      `${name}  ${bar}  step ${count(step)} of ${count(steps)}`,
      ended
        ? `${seconds.toFixed(1)} s, ${speed}, ${ended.threads} ${ended.threads === 1 ? 'thread' : 'threads'}`
        : `${seconds.toFixed(1)} s, ${speed}${left}`,
      '',
      '  step  first occurrence      repeat   (loss in nats, one batch each)',
      ...rows,
    ].join('\n');
  }
}
