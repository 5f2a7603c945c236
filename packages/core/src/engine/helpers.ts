// Threads that compute beside the calling one. An engine has them so that forward passes can be divided among several cores;
// what they are asked is a matter between who asks and who answers (model/parallel).
import type { KernelBuild } from './wasm/kernels.ts';

/** Seconds without a sign of life after which a helper counts as gone. */
export const PATIENCE = 60;

/** Throws where helpers have been closed: nobody would answer. */
export function refuseClosed(closed: boolean): void {
  if (closed) throw new Error('The helper threads of this engine have been closed; load another engine.');
}

export interface Helpers {
  readonly count: number;
  /** Seconds without a sign of life after which one of them counts as gone: PATIENCE. */
  readonly patience: number;
  /** Sends an order to a helper: cloneable data. It is carried out after those before. */
  ask(helper: number, order: unknown): void;
  /** Ends the threads. Asking them afterwards throws. */
  close(): void;
}

/** What a helper starts with. */
export interface HelperStart {
  readonly module: WebAssembly.Module;
  readonly backend: KernelBuild;
}
