// Training threads in a browser: workers of the worker that trains (a page's main thread may not wait for anybody).
// Workers that have served a run rest until the next one: it starts at once, and needs no network for their script.
import type { Engine } from './engine/engine.ts';
import type { TrainingPlan } from './training/parallel/plan.ts';
import type { Crew } from './training/parallel/threads.ts';
import { type TrainingThread, threadStarts, workerCrew } from './training/parallel/workerCrew.ts';

const resting = new Set<Worker>();

/** Seconds within which a worker answers that has its script already. One that was closed while it rested never does. */
const RESTED = 5;

/** What is to be done when a worker is gone without an error: it closed itself, or the browser took its memory. */
const whenGone = new WeakMap<Worker, () => void>();

function takeWorker(): { worker: Worker; rested: boolean } {
  for (const worker of resting) {
    resting.delete(worker);
    return { worker, rested: true };
  }
  const worker = new Worker(new URL('./browserWorker.js', import.meta.url), { type: 'module' });
  // A worker holds a lock while it lives: who waits for that lock gets it when the worker is gone, and never before.
  worker.addEventListener('message', ({ data }: MessageEvent<{ lock?: string }>) => {
    if (data.lock) navigator.locks.request(data.lock, () => whenGone.get(worker)?.()).catch(() => {});
  });
  return { worker, rested: false };
}

/** Lets go of the run's memory and waits for the next one. */
function rest(worker: Worker): void {
  worker.postMessage(null);
  worker.onmessage = null;
  worker.onmessageerror = null;
  whenGone.set(worker, () => resting.delete(worker));
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
        whenGone.set(worker, () =>
          onDeath(new Error('it stopped without an error; the browser may have ended it for want of memory.')),
        );
      },
      end: async (atRest) => {
        if (atRest) return rest(worker);
        whenGone.delete(worker); // it goes because it is told to
        worker.terminate();
      },
    };
  });
  return workerCrew(plan, threads);
}
