// What worker threads are started with: a run laid out in memory that they share, and the data that each can reach.
import * as z from 'zod/mini';
import type { KernelBuild } from '../../engine/wasm/kernels.ts';
import { ArgumentError, checkArgument, must } from '../../errors/arguments.ts';
import { sharedTable } from '../data/sharedTable.ts';
import { isModule, type RunData } from '../data/trainingData.ts';
import { checkPoolOptions, type PoolOptions, refuseUncalled } from './pool.ts';
import { layOutRun, type RunMemory } from './runMemory.ts';
import type { PostedData, ThreadStart } from './workerThread.ts';

const WorkerOptions = z.strictObject({
  workerUrl: z.optional(must('be the URL of a worker script', (url) => typeof url === 'string' || url instanceof URL)),
});

/** Throws an ArgumentError unless these are options of startWorkers. */
export function checkWorkerOptions(options: unknown): void {
  refuseUncalled('startWorkers', options);
  checkArgument('startWorkers', 'options', WorkerOptions, options);
}

/** Lays a run out for threads, and says what each is started with. Throws where the engine's memory is not shared. */
export function layOutThreads(
  options: PoolOptions,
  { loadModules }: { loadModules: boolean },
): { memory: RunMemory; starts: ThreadStart[] } {
  checkPoolOptions(options, 'startWorkers');
  const { wasm, backend } = options.engine;
  if (!wasm?.shared) throw new Error('startWorkers: threads need an engine with shared memory; use startInline().');
  const { module } = wasm;
  const data = options.data === undefined ? undefined : posted(options.data, loadModules);
  const memory = layOutRun(options);
  const { plan } = memory;
  const starts = Array.from({ length: plan.threads }, (_, thread) => ({
    ...{ plan, thread, module },
    backend: backend as KernelBuild,
    ...(data === undefined ? {} : { data }),
  }));
  return { memory, starts };
}

/** What threads are sent of data. Throws an ArgumentError for a module that they cannot load. */
function posted({ given, segments }: RunData, loadModules: boolean): PostedData {
  if (!isModule(given)) return sharedTable(given);
  if (!loadModules)
    throw new ArgumentError(
      'startWorkers: the threads of a page load no modules; pass data: { sequences }, or use startInline().',
    );
  const { url, origin } = given;
  if (url === undefined)
    throw new ArgumentError(
      'startWorkers: a data module reaches threads as a file that each loads; pass data: await loadData(file, { experiment }), or use startInline().',
    );
  return { url, ...(given.segments ? { segments } : {}), ...(origin ? { origin } : {}) };
}
