// Training threads under Node.
import { Worker } from 'node:worker_threads';
import type { Engine } from './engine/engine.ts';
import type { StepLosses } from './training/participant.ts';
import type { TrainingPlan } from './training/plan.ts';
import { type Crew, requestStop } from './training/threads.ts';

interface Message {
  ready?: boolean;
  losses?: StepLosses;
  lastStep?: number;
}

/** Starts one worker per thread of the plan over its shared memory. When one dies, the run fails and the rest end. */
export async function startWorkers(engine: Engine, plan: TrainingPlan): Promise<Crew> {
  if (!engine.wasm?.shared)
    throw new Error('startWorkers: threads need an engine with shared memory; use startInline().');
  const { module } = engine.wasm;
  // Compiled code lies in dist, also when this file runs from src.
  const entry = new URL('../dist/nodeWorker.js', import.meta.url);
  const workers = Array.from(
    { length: plan.threads },
    (_, thread) => new Worker(entry, { workerData: { plan, thread, module, backend: engine.backend } }),
  );
  let onStep: (losses: StepLosses) => void = () => {};
  let dead: Error | null = null;
  let fail: (error: Error) => void = (error) => {
    dead = error; // nobody waits just now: the next run reports it
  };
  let closing = false;
  const close = async (): Promise<void> => {
    closing = true;
    await Promise.all(workers.map((worker) => worker.terminate()));
  };
  /** Settles when every worker has sent what `pick` picks, or when one has died. */
  const fromAll = <T>(pick: (message: Message) => T | undefined): Promise<T[]> =>
    new Promise((resolve, reject) => {
      fail = (error) => {
        dead = error;
        void close();
        reject(error);
      };
      if (dead) fail(dead);
      const answers = workers.map(
        (worker) =>
          new Promise<T>((answer) => {
            const listen = (message: Message): void => {
              if (message.losses) onStep(message.losses);
              const picked = pick(message);
              if (picked === undefined) return;
              worker.off('message', listen);
              answer(picked);
            };
            worker.on('message', listen);
          }),
      );
      Promise.all(answers).then(resolve, reject);
    });
  workers.forEach((worker, thread) => {
    worker.on('error', (error) =>
      fail(new Error(`Training thread ${thread} failed: ${error.message}`, { cause: error })),
    );
    worker.on('exit', (code) => {
      if (!closing)
        fail(new Error(`Training thread ${thread} ended with code ${code}; resume from the last checkpoint.`));
    });
  });
  await fromAll((message) => message.ready);
  return {
    async run(from, to, report) {
      onStep = report;
      const ends = fromAll((message) => message.lastStep);
      for (const worker of workers) worker.postMessage({ from, to });
      return (await ends)[0] as number;
    },
    requestStop: () => requestStop(plan),
    close,
  };
}
