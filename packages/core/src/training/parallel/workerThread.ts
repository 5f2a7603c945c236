// The inside of a training thread: what it is started with, what it is told, what it answers.
import { kernelEngine } from '../../engine/wasm/kernelEngine.ts';
import type { KernelBuild } from '../../engine/wasm/kernels.ts';
import { DataError, type DataModule, type RunData, type TokenTable } from '../data/trainingData.ts';
import { sourceOf } from '../sourceOf.ts';
import type { StepLosses } from '../stepLosses.ts';
import type { TrainingPlan } from './plan.ts';
import { runSteps } from './runSteps.ts';
import { TrainingWorker } from './trainingWorker.ts';

/** What a worker is started with. */
export interface ThreadStart {
  readonly plan: TrainingPlan;
  readonly thread: number;
  readonly module: WebAssembly.Module;
  readonly backend: KernelBuild;
  readonly data?: PostedData;
}

/** Data as it is sent to a thread: tokens in shared memory, or where the thread finds the module. */
export type PostedData = TokenTable | (Pick<DataModule, 'segments' | 'origin'> & { readonly url: string });

/** Makes data of what a thread was sent. */
export type Receive = (data: PostedData) => RunData | Promise<RunData>;

/** Steps to run. */
export interface ThreadOrder {
  readonly from: number;
  readonly to: number;
}

/** What a worker answers. */
export interface ThreadMessage {
  readonly ready?: boolean;
  readonly losses?: StepLosses;
  readonly lastStep?: number;
  /** What is wrong with the data that it was to train on. */
  readonly refused?: string;
}

/** The inside of a worker: prepares its share of the run, says that it is ready, and returns what carries out orders. */
export async function serveThread(
  { plan, thread, module, backend, data }: ThreadStart,
  answer: (message: ThreadMessage) => void,
  receive: Receive,
): Promise<(order: ThreadOrder) => void> {
  const source = sourceOf(plan, data && (await receive(data)));
  const worker = new TrainingWorker(kernelEngine({ module, backend, shared: true }), plan, thread, source);
  answer({ ready: true });
  return ({ from, to }) => {
    try {
      const { lastStep } = runSteps(worker, plan, { thread, from, to, onStep: (losses) => answer({ losses }) });
      answer({ lastStep });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      answer({ refused: error.message });
    }
  };
}
