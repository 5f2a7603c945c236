// How a run is carried out: by worker threads that a platform provides, or by the calling thread in short turns.
import { checkEngine } from '../../engine/checkEngine.ts';
import type { Engine } from '../../engine/engine.ts';
import { ArgumentError } from '../../errors/arguments.ts';
import { quoted } from '../../errors/printable.ts';
import { type BatchSource, Participant, type StepLosses } from './participant.ts';
import type { TrainingPlan } from './plan.ts';

/** Carries out steps of one planned run. */
export interface Crew {
  /** Runs steps `from` … `to` unless stopped; resolves to the last step done, when every thread is at rest. */
  run(from: number, to: number, onStep: (losses: StepLosses) => void): Promise<number>;
  /** Asks to stop after the step under way. */
  requestStop(): void;
  close(): Promise<void>;
}

/** Starts the threads of a plan. A platform (Node, a browser) provides one. */
export interface StartCrew {
  (engine: Engine, plan: TrainingPlan): Promise<Crew>;
  /** The most threads that it starts; a run that asks for more is planned for so many. */
  readonly mostThreads?: number;
}

/** Throws an ArgumentError unless these are an engine and a plan: whoever calls what `train` is to be given hears so. */
export function checkStart(engine: unknown, plan: unknown, caller: string): void {
  if (engine === undefined && plan === undefined)
    throw new ArgumentError(`${caller}: give train the function itself, \`startCrew: ${caller}\`, without calling it.`);
  checkEngine(engine, caller);
  if (typeof (plan as TrainingPlan | null)?.threads !== 'number')
    throw new ArgumentError(`${caller}: plan must be the plan of a run, which train makes, got ${quoted(plan)}.`);
}

/** Indices into the control integers, behind the barrier's two: a flag, and the step after which all threads stop. */
const STOP_REQUESTED = 2;
const STOP_AFTER = 3;

const controlOf = (plan: TrainingPlan): Int32Array => new Int32Array(plan.memory.buffer, plan.control, 4);

export function requestStop(plan: TrainingPlan): void {
  Atomics.store(controlOf(plan), STOP_REQUESTED, 1);
}

/**
 * Runs steps on one of several threads, until the last, a stop request or a loss that is not finite. All threads stop
 * after the same step: the first thread names it before the step's meetings, and everybody reads it after them.
 */
export function runSteps(
  participant: Participant,
  plan: TrainingPlan,
  options: { thread: number; from: number; to: number; onStep: (losses: StepLosses) => void },
): { lastStep: number; ended: boolean } {
  const control = controlOf(plan);
  const { thread, from, to, onStep } = options;
  for (let step = from; step <= to; step++) {
    if (thread === 0 && Atomics.load(control, STOP_REQUESTED) === 1) Atomics.store(control, STOP_AFTER, step);
    const losses = participant.step(step);
    if (thread === 0) onStep(losses);
    const ended = !Number.isFinite(losses.loss) || Atomics.load(control, STOP_AFTER) === step;
    if (ended) return { lastStep: step, ended };
  }
  return { lastStep: to, ended: false };
}

/** Milliseconds that the calling thread computes before it lets others have a turn. */
const TURN = 12;

/**
 * Trains in the calling thread, in turns between which timers and events are served. Needs no shared memory, and is one
 * thread however many a run asks for. `source` replaces the task's batches. Throws an ArgumentError for anything else.
 */
export function startInline(source?: BatchSource): StartCrew {
  if (source !== undefined && !isSource(source))
    throw new ArgumentError(`startInline: takes no arguments (or a source of batches), got ${quoted(source)}.`);
  const start = async (engine: Engine, plan: TrainingPlan): Promise<Crew> => {
    checkStart(engine, plan, 'startInline');
    if (plan.threads > 1)
      throw new ArgumentError(
        `startInline: the calling thread trains alone, and this run is planned for ${plan.threads} threads that would wait for each other; ask for one thread, or use startWorkers.`,
      );
    const participant = new Participant(engine, plan, 0, source);
    return {
      async run(from, to, onStep) {
        let turnEnds = performance.now() + TURN;
        for (let step = from; step <= to; step++) {
          if (runSteps(participant, plan, { thread: 0, from: step, to: step, onStep }).ended) return step;
          if (performance.now() < turnEnds) continue;
          await new Promise((resolve) => setTimeout(resolve));
          turnEnds = performance.now() + TURN;
        }
        return to;
      },
      requestStop: () => requestStop(plan),
      close: async () => {},
    };
  };
  return Object.assign(start, { mostThreads: 1 });
}

const isSource = (source: unknown): source is BatchSource => {
  const { counted, fill } = (source ?? {}) as Partial<BatchSource>;
  return typeof counted === 'function' && typeof fill === 'function';
};
