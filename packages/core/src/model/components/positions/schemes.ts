// How a model knows positions: one file for each way, one line in the list. A way may have a table of positions, turn
// queries and keys, or add to the scores.
import type { Tensor } from '../../../engine/tensor.ts';
import type { ModelConfig, Positions } from '../../config.ts';
import type { Axis, HookPoint } from '../hookPoint.ts';
import type { Plan } from '../plan.ts';
import type { Weight } from '../weight.ts';
import { alibi } from './alibi.ts';
import { rotary } from './rotary.ts';
import { none, shortformer, sinusoidal, standard } from './tables.ts';

export interface PositionScheme {
  /** W_pos: how it starts, whether it is learned, and whether its rows are added to the residual stream or by heads. */
  readonly table: {
    readonly learned: boolean;
    readonly inStream: boolean;
    start(config: ModelConfig): Weight['start'];
  } | null;
  /** What turns q and k before they are compared. */
  readonly turn?: {
    /** `keyValue` are the axes of keys. */
    hooks(block: string, keyValue: readonly Axis[]): readonly HookPoint[];
    plan(plan: Plan, block: string, compared: Compared): Compared & Steps;
  };
  /** What is added to the scores before the softmax. It does not depend on weights, so no gradient is its own. */
  readonly bias?: (plan: Plan) => (scores: Tensor) => void;
}

/** Queries and keys as the scores compare them, and their gradients: [batch, pos, head, dHead]. */
export interface Compared {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly dQ: Tensor | null;
  readonly dK: Tensor | null;
}

export interface Steps {
  forward(): void;
  backward(): void;
}

export const POSITION_SCHEMES: Readonly<Record<Positions, PositionScheme>> = {
  standard,
  shortformer,
  rotary,
  sinusoidal,
  alibi,
  none,
};
