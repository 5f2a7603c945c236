// Worker entry under Node: one thread of a training run. It computes from one message to the next and never waits for
// the main thread in between, so the main thread stays free.
import { parentPort, workerData } from 'node:worker_threads';
import { wasmEngine } from './engine/engine.ts';
import type { KernelBuild } from './engine/kernels.ts';
import { Participant } from './training/participant.ts';
import type { TrainingPlan } from './training/plan.ts';
import { runSteps } from './training/threads.ts';

const { plan, thread, module, backend } = workerData as {
  plan: TrainingPlan;
  thread: number;
  module: WebAssembly.Module;
  backend: KernelBuild;
};
const port = parentPort!;
const participant = new Participant(wasmEngine({ module, backend, shared: true }), plan, thread);

port.on('message', ({ from, to }: { from: number; to: number }) => {
  const { lastStep } = runSteps(participant, plan, {
    thread,
    from,
    to,
    onStep: (losses) => port.postMessage({ losses }),
  });
  port.postMessage({ lastStep });
});
port.postMessage({ ready: true });
