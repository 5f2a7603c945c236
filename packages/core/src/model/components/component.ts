// A component is a part of the model: it declares its weights and its hook points, and plans what computes it, forward and
// backward. The Transformer is a list of them (components.ts), and memory, parameter count, initial weights, hook points
// and checkpoints all follow from what they declare.
//
// Components meet in the residual stream: each reads it as the ones before left it (`plan.stream`), and those that compute
// something to be added leave that in `plan.outputs`. Backward they run in reverse and pass on the stream's gradient in one
// buffer, `plan.dStream`.
import type { Tensor } from '../../engine/tensor.ts';
import type { HookPoint } from './hookPoint.ts';
import type { Plan } from './plan.ts';
import type { Weight } from './weight.ts';

/** A component's weights, or the gradients of them, under the component's own names for them. */
export type Tensors = Readonly<Record<string, Tensor>>;

export interface Component {
  /** Under short names of its own, in the order of the buffer of parameters. */
  readonly weights: Readonly<Record<string, Weight>>;
  /** In the order in which the forward pass comes to them. */
  readonly hooks: readonly HookPoint[];
  /** Lays out its activations, and what runs. `mine` finds this component's tensors in a set of parameters. */
  plan(plan: Plan, mine: (set: ParameterSet) => Tensors): Part;
}

/** A component that is laid out and can run. */
export interface Part {
  /** Brings up to date what is derived from the weights; called before a run when they have changed. */
  derive?(): void;
  forward(): void;
  /** Adds to the gradients of its weights. Only where the plan has gradients. */
  backward(gradients: ParameterSet): void;
  /** Where `forward` can be taken up again (stems.ts). */
  readonly stem?: PartStem;
  /** From the gradients of tables, summed over a batch, to those of weights: once a step, in the order of `backward`. */
  readonly carry?: Carry;
  /** What else is carried, and may be so at the same time as all the rest. */
  readonly carryApart?: readonly Carry[];
}

/** What of a part's activations is enough to go on from, and what is left to do. */
export interface PartStem {
  readonly tensors: readonly Tensor[];
  forward(): void;
}

export type Carry = (gradients: ParameterSet) => void;

/** Weights or gradients of a whole model. */
export interface ParameterSet {
  /** By component, in the order of the list. */
  readonly groups: readonly Tensors[];
  /** Gradients of the plan's tables, where it has any (rowSum.ts). */
  readonly tables?: readonly Tensor[];
  named(name: string): Tensor;
}
