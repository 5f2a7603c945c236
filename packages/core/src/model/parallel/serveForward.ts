// A helper's side: carries out its part of forward passes, one order after the other.
import type { Engine } from '../../engine/engine.ts';
import type { HelperStart } from '../../engine/helpers.ts';
import { kernelEngine } from '../../engine/wasm/kernelEngine.ts';
import { ActivationCache } from '../activationCache.ts';
import type { ModelConfig } from '../config.ts';
import { Executor } from '../execution.ts';
import { keepIn, watchRun } from '../forwardRun.ts';
import { CONTROL, DONE, FAILED, type ForwardJob, type ForwardOrder } from './order.ts';

/** Models and clean runs that a helper remembers: analyses go back and forth between few. */
const REMEMBERED = 2;

interface Known {
  readonly executor: Executor;
  version: number;
}

/** What carries out a helper's orders. It answers in the shared memory that an order brings, since who asks may be waiting. */
export function serveForward({ module, backend }: HelperStart): (order: ForwardOrder) => void {
  const engine = kernelEngine({ module, backend, shared: false });
  const models = new Map<string, Known>();
  const cleanRuns = new Map<string, ActivationCache>();
  return (order) => {
    const { job, control, helper } = order;
    let state = DONE;
    try {
      const executor = executorOf(engine, job, models);
      runPart(executor, order, cleanRunOf(job, { config: executor.config, cleanRuns }));
    } catch (error) {
      state = FAILED;
      writeFailure(order.failure, error instanceof Error ? error.message : String(error));
    }
    Atomics.store(control, CONTROL * helper + 1, state);
    Atomics.notify(control, CONTROL * helper + 1);
  };
}

function remember<T>(known: Map<string, T>, id: string, value: T): T {
  known.delete(id);
  known.set(id, value);
  for (const oldest of known.keys()) {
    if (known.size <= REMEMBERED) break;
    known.delete(oldest);
  }
  return value;
}

function executorOf(engine: Engine, { config, model }: ForwardJob, models: Map<string, Known>): Executor {
  const known = models.get(model.id) ?? { executor: new Executor(Object.freeze(config), engine), version: -1 };
  remember(models, model.id, known);
  const { weights, arena } = known.executor;
  if (known.version !== model.version) {
    arena.floats(weights.address, weights.length).set(model.weights);
    weights.changed();
    known.version = model.version;
  }
  return known.executor;
}

function cleanRunOf(
  { clean }: ForwardJob,
  { config, cleanRuns }: { config: ModelConfig; cleanRuns: Map<string, ActivationCache> },
): ActivationCache {
  if (!clean) return new ActivationCache();
  return remember(cleanRuns, clean.id, cleanRuns.get(clean.id) ?? ActivationCache.over(clean.kept, config));
}

function runPart(executor: Executor, { job, slices, control, helper }: ForwardOrder, clean: ActivationCache): void {
  const { config } = executor; // one object for all orders, about which much is remembered
  const { interventions, names, batch, length, plan, returns } = job;
  const cache = ActivationCache.over(job.kept, config);
  const acting = { config, interventions, names, clean, batch, means: new Map(), outputMeans: new Map() };
  const keep = keepIn(cache, names);
  const watch = watchRun(acting, (activation, slice) => {
    Atomics.add(control, CONTROL * helper, 1);
    keep(activation, slice);
  });
  const tokens = Array.from({ length: batch }, (_, s) => job.tokens.subarray(s * length, (s + 1) * length));
  const out = { logits: job.logits, lossPerPosition: job.losses };
  executor.runSlices({ caller: 'run', tokens, plan, watch, names, returns }, { slices, length, ...out });
}

function writeFailure(into: Uint8Array, message: string): void {
  const text = new TextEncoder().encode(message).subarray(0, into.length - 4);
  new DataView(into.buffer, into.byteOffset).setUint32(0, text.length);
  into.set(text, 4);
}
