// Training threads under Node.
import { Worker } from 'node:worker_threads';
import type { Engine } from './engine/engine.ts';
import type { TrainingPlan } from './training/parallel/plan.ts';
import type { Crew } from './training/parallel/threads.ts';
import { type TrainingThread, threadStarts, workerCrew } from './training/parallel/workerCrew.ts';

/** Starts one worker per thread of the plan over its shared memory. When one dies, the run fails and the rest end. */
export async function startWorkers(engine: Engine, plan: TrainingPlan): Promise<Crew> {
  // Compiled code lies in dist, also when this file runs from src.
  const entry = new URL('../dist/nodeWorker.js', import.meta.url);
  const threads = threadStarts(engine, plan).map((workerData): TrainingThread => {
    const worker = new Worker(entry, { workerData });
    return {
      send: (order) => worker.postMessage(order),
      listen: (onMessage, onDeath) => {
        worker.on('message', onMessage);
        worker.on('error', onDeath);
        worker.on('exit', (code) => onDeath(new Error(`it ended with code ${code}; resume from the last checkpoint.`)));
      },
      end: () => worker.terminate(), // starting a thread anew costs little here
    };
  });
  return workerCrew(plan, threads);
}
