import { ArgumentError } from '../../errors/arguments.ts';
import { quoted } from '../../errors/printable.ts';
import { sourceOf } from '../sourceOf.ts';
import { checkPoolOptions, refuseUncalled, type StartPool } from './pool.ts';
import { layOutRun, type PoolThreads, poolOver, type RunMemory } from './runMemory.ts';
import { runSteps } from './runSteps.ts';
import { TrainingWorker } from './trainingWorker.ts';

/** Milliseconds that the calling thread computes before it lets others have a turn. */
const TURN = 12;

/**
 * Trains in the calling thread, in turns between which timers and events are served. Needs no shared memory, and is one
 * thread however many a run asks for. Throws an ArgumentError for an argument.
 */
export function startInline(...more: readonly never[]): StartPool {
  refuseUncalled('startInline', more[0]);
  if (more.length > 0)
    throw new ArgumentError(
      `startInline: takes no arguments, got ${quoted(more[0])}; give train \`startPool: startInline()\`.`,
    );
  return async (options) => {
    checkPoolOptions(options, 'startInline');
    const memory = layOutRun({ ...options, threads: 1 });
    return poolOver(
      memory,
      Promise.resolve(
        inTurns(new TrainingWorker(options.engine, memory.plan, 0, sourceOf(options, options.data)), memory),
      ),
    );
  };
}

const inTurns = (worker: TrainingWorker, { plan }: RunMemory): PoolThreads => ({
  async run(from, to, onStep) {
    let turnEnds = performance.now() + TURN;
    for (let step = from; step <= to; step++) {
      if (runSteps(worker, plan, { thread: 0, from: step, to: step, onStep }).ended) return step;
      if (performance.now() < turnEnds) continue;
      await new Promise((resolve) => setTimeout(resolve));
      turnEnds = performance.now() + TURN;
    }
    return to;
  },
  close: async () => {},
});
