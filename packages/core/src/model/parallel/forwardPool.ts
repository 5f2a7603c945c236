// The asking side: divides the sequences of a forward pass among the calling thread and an engine's helpers. What a
// sequence gives does not depend on the others that run with it, so any division gives the same bits.
import type { Helpers } from '../../engine/helpers.ts';
import type { ActivationCache } from '../activationCache.ts';
import type { BatchSlice } from '../workspace.ts';
import { CONTROL, FAILED, FAILURE_BYTES, type ForwardJob, type ForwardOrder, WORKING } from './order.ts';

/** Multiplications below which dividing a forward pass costs about what it saves: some milliseconds of work. */
const WORTHWHILE = 40_000_000;

/** Milliseconds of one wait for a helper. */
const WAIT = 500;

/** How many threads take part in a pass of so many sequences; 1 means that it is not worth while. */
export function threadsFor(
  helpers: Helpers | null,
  { batch, length, weights }: { batch: number; length: number; weights: number },
): number {
  if (!helpers || batch * length * weights < WORTHWHILE) return 1;
  return Math.min(batch, helpers.count + 1);
}

/** Contiguous shares of the batch, one for each thread; the first is the calling thread's. */
export function sharesOf(batch: number, threads: number): BatchSlice[] {
  const at = (thread: number): number => Math.floor((batch * thread) / threads);
  return Array.from({ length: threads }, (_, thread) => ({ first: at(thread), count: at(thread + 1) - at(thread) }));
}

/** Asks helpers to run their slices of a job; what is given back waits for all of them, and throws where one has failed. */
export function askHelpers(helpers: Helpers, job: ForwardJob, slices: readonly (readonly BatchSlice[])[]): () => void {
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL * slices.length));
  const orders = slices.map((own, helper): ForwardOrder => {
    const failure = new Uint8Array(new SharedArrayBuffer(FAILURE_BYTES));
    return { job, slices: own, control, failure, helper };
  });
  for (const order of orders) helpers.ask(order.helper, order);
  return () => {
    for (const { helper } of orders) awaitHelper(control, helper, helpers.patience);
    const failed = orders.find(({ helper }) => Atomics.load(control, CONTROL * helper + 1) === FAILED);
    if (failed) throw new Error(readFailure(failed.failure));
  };
}

/** A helper that is gone cannot say so while this thread waits: its silence tells. */
function awaitHelper(control: Int32Array, helper: number, patience: number): void {
  const state = CONTROL * helper + 1;
  let silent = 0;
  for (let beats = 0; Atomics.load(control, state) === WORKING; ) {
    Atomics.wait(control, state, WORKING, WAIT);
    const now = Atomics.load(control, CONTROL * helper);
    silent = now === beats ? silent + 1 : 0;
    beats = now;
    if (silent * WAIT >= patience * 1000 && Atomics.load(control, state) === WORKING)
      throw new Error(
        `A thread that computes a part of this pass has given no sign of life for ${patience} s; run again, with fewer threads.`,
      );
  }
}

function readFailure(failure: Uint8Array): string {
  const length = new DataView(failure.buffer, failure.byteOffset).getUint32(0);
  return new TextDecoder().decode(failure.slice(4, 4 + length));
}

const ids = new WeakMap<object, string>();

/** A name for a model or a cache by which other threads know it again. */
export function idOf(thing: object): string {
  const id = ids.get(thing) ?? crypto.randomUUID();
  ids.set(thing, id);
  return id;
}

/** What interventions need of a clean run, where other threads read it. */
export const sharedClean = (cache: ActivationCache): ForwardJob['clean'] =>
  cache.names.length === 0 ? null : { id: idOf(cache), kept: cache.share() };
