// Heads that training may not use or change from a step on: the question of Singh et al. (2024), what the circuit needs
// while it forms. They clamp activations; here a head's own weights are held, which any checkpoint shows.
import type { Tensor } from '../engine/tensor.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Parameters } from '../model/parameters.ts';
import { eachRow, headMatrices } from './headMatrices.ts';

/** `freeze` keeps the head's W_Q, W_K, W_V and W_O as they are; `ablate` keeps W_O at 0, so that the head writes nothing. */
export const CLAMP_KINDS = ['freeze', 'ablate'] as const;

/** A head that is held from a step on. */
export interface Clamp {
  readonly kind: (typeof CLAMP_KINDS)[number];
  /** Its layer, from 0. */
  readonly layer: number;
  /** Its number within the layer, from 0. */
  readonly head: number;
  /** First step, counted from 1, whose update the head does not follow. */
  readonly fromStep: number;
}

/** Holds the clamped heads of a run: one thread's business, while no other thread touches the weights. */
export class Clamps {
  private readonly config: ModelConfig;
  private readonly weights: Parameters;
  private readonly clamps: readonly Clamp[];
  private readonly frozen = new Map<Clamp, Float64Array[]>();

  constructor(config: ModelConfig, weights: Parameters, clamps: readonly Clamp[]) {
    this.config = config;
    this.weights = weights;
    this.clamps = clamps;
  }

  /** Before the update of a step: remembers the heads that are frozen from it on. */
  remember(step: number): void {
    for (const clamp of this.clamps)
      if (clamp.kind === 'freeze' && step >= clamp.fromStep && !this.frozen.has(clamp))
        this.frozen.set(
          clamp,
          this.rows(clamp).map((row) => Float64Array.from(row)),
        );
  }

  /** After the update of a step (0: before the first one): puts frozen heads back, silences those ablated from the next step on. */
  hold(step: number): void {
    for (const clamp of this.clamps)
      if (clamp.kind === 'freeze')
        this.rows(clamp).forEach((row, i) => void row.set(this.frozen.get(clamp)?.[i] ?? row));
      else if (step + 1 >= clamp.fromStep) eachRow(this.matrices(clamp)[3]!, (row) => void row.fill(0));
    if (this.clamps.length > 0) this.weights.changed();
  }

  private matrices(clamp: Clamp): Tensor[] {
    return headMatrices(this.config, this.weights, clamp);
  }

  private rows(clamp: Clamp): Tensor['data'][] {
    const rows: Tensor['data'][] = [];
    for (const matrix of this.matrices(clamp)) eachRow(matrix, (row) => void rows.push(row));
    return rows;
  }
}
