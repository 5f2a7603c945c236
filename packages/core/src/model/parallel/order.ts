// What threads that share a forward pass tell each other: plain data over shared memory. Each has the model's weights in a
// memory of its own, runs its sequences as any run of a slice, and writes what comes of it where the whole batch lies.
import type { SharedActivation } from '../activationCache.ts';
import type { PlanOptions } from '../components/plan.ts';
import type { ModelConfig } from '../config.ts';
import type { Intervention } from '../interventions/interventions.ts';
import type { Returns } from '../returned.ts';
import type { BatchSlice } from '../workspace.ts';

/** The forward pass of a whole batch. */
export interface ForwardJob {
  readonly config: ModelConfig;
  /** Names the model among those that have been seen, and its weights, padding included: [length of Parameters]. */
  readonly model: { readonly id: string; readonly version: number; readonly weights: Float32Array };
  /** [batch, pos] */
  readonly tokens: Int32Array;
  readonly batch: number;
  readonly length: number;
  readonly plan: PlanOptions;
  readonly interventions: readonly Intervention[];
  /** Hook points that are kept. */
  readonly names: readonly string[];
  /** What interventions take from the clean run, if anything. */
  readonly clean: { readonly id: string; readonly kept: readonly SharedActivation[] } | null;
  readonly returns: Returns;
  /** [batch, pos, dVocab], [batch, pos − 1], where they are asked for, and the named activations. */
  readonly logits: Float32Array;
  readonly losses: Float32Array;
  readonly kept: readonly SharedActivation[];
}

/** One helper's part of it. */
export interface ForwardOrder {
  readonly job: ForwardJob;
  readonly slices: readonly BatchSlice[];
  /** By helper: a count that grows while it works, then whether it is done. Failures are text: its length, then UTF-8. */
  readonly control: Int32Array;
  readonly failure: Uint8Array;
  readonly helper: number;
}

/** Integers of `control` for each helper: its signs of life, and its state. */
export const CONTROL = 2;
export const WORKING = 0;
export const DONE = 1;
export const FAILED = 2;

/** Bytes of `failure`. */
export const FAILURE_BYTES = 4096;
