// Training threads in a browser: workers of the worker that trains (a page's main thread may not wait for anybody).
// Workers that have served a run rest until the next one: it starts at once, and needs no network for their script.
import type { Engine } from './engine/engine.ts';
import type { TrainingPlan } from './training/plan.ts';
import type { Crew } from './training/threads.ts';
import { type TrainingThread, threadStarts, workerCrew } from './training/workerCrew.ts';

const resting = new Set<Worker>();

/** Seconds within which a worker answers that has its script already. One that was closed while it rested never does. */
const RESTED = 5;

function takeWorker(): { worker: Worker; rested: boolean } {
  for (const worker of resting) {
    resting.delete(worker);
    return { worker, rested: true };
  }
  return { worker: new Worker(new URL('./browserWorker.js', import.meta.url), { type: 'module' }), rested: false };
}

/** Lets go of the run's memory and waits for the next one. */
function rest(worker: Worker): void {
  worker.postMessage(null);
  worker.onmessage = null;
  worker.onmessageerror = null;
  worker.onerror = (event) => {
    event.preventDefault(); // no run needs it
    resting.delete(worker);
    worker.terminate();
  };
  resting.add(worker);
}

/**
 * Starts one worker per thread of the plan over its shared memory. Needs a page that is cross-origin isolated. When a
 * thread dies, the run fails and the rest end.
 */
export async function startWorkers(engine: Engine, plan: TrainingPlan): Promise<Crew> {
  const threads = threadStarts(engine, plan).map((start): TrainingThread => {
    const { worker, rested } = takeWorker();
    worker.postMessage(start);
    return {
      ...(rested ? { startsWithin: RESTED } : {}),
      send: (order) => worker.postMessage(order),
      listen: (onMessage, onDeath) => {
        worker.onmessage = ({ data }) => onMessage(data);
        worker.onerror = (event) => {
          event.preventDefault();
          onDeath(new Error(event.message || 'its script could not be loaded; reload the page.'));
        };
        worker.onmessageerror = () => onDeath(new Error('a message could not be read; reload the page.'));
      },
      end: async (atRest) => (atRest ? rest(worker) : worker.terminate()),
    };
  });
  return workerCrew(plan, threads);
}
