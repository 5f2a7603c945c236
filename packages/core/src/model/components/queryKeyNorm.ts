// Query-key norm (Qwen 3): RMSNorm over each head's numbers, of queries and of keys, before positions turn them. All heads of a
// layer share the gains.
import type { Tensor } from '../../engine/tensor.ts';
import type { ModelConfig } from '../config.ts';
import type { Pair } from './attention.ts';
import type { ParameterSet, Tensors } from './component.ts';
import { type Axis, HEADS, type HookPoint } from './hookPoint.ts';
import { normHooks, planNormalization } from './normalization.ts';
import type { Plan } from './plan.ts';
import { normVector, type Weight } from './weight.ts';

export function normWeights({ dHead, qkNorm }: ModelConfig, layer: number): Record<string, Weight> {
  const gain = (part: 'q' | 'k'): Weight => {
    const place = (group: string): string => `${group}.${layer}.attn.${part}_norm`;
    const names = {
      name: `${place('blocks')}.w`,
      native: `${place('layers')}.weight`,
      bridge: `${place('blocks')}.weight`,
    };
    return { ...normVector(names, dHead, 1), absent: null };
  };
  return qkNorm ? { q_norm: gain('q'), k_norm: gain('k') } : {};
}

export const queryKeyNormHooks = ({ qkNorm }: ModelConfig, block: string, keyValue: readonly Axis[]): HookPoint[] =>
  qkNorm ? [...normHooks(`${block}.attn.q_norm`, HEADS), ...normHooks(`${block}.attn.k_norm`, keyValue)] : [];

interface Compared {
  readonly q: Pair;
  readonly k: Pair;
  forward(): void;
  backward(gradients: ParameterSet): void;
}

/** What is compared in place of q and k: these themselves without such a norm. `keyValue` are the axes of keys. */
export function planQueryKeyNorm(
  plan: Plan,
  mine: (set: ParameterSet) => Tensors,
  { block, q, k, keyValue }: { block: string; q: Pair; k: Pair; keyValue: readonly Axis[] },
): Compared {
  if (!plan.config.qkNorm) return { q, k, forward: () => {}, backward: () => {} };
  const normOf = (name: 'q_norm' | 'k_norm', { value, gradient }: Pair, axes: readonly Axis[]) => {
    const heads = value.shape[2] as number;
    const norm = planNormalization(plan, {
      ...{
        place: `${block}.attn.${name}`,
        axes,
        role: name,
        x: value.rowsSplit(heads),
        dx: gradient?.rowsSplit(heads) ?? null,
      },
      ...{ init: null, centred: false, gainsIn: (set: ParameterSet) => ({ gain: mine(set)[name] as Tensor }) },
    });
    const read: Pair = {
      value: norm.value.rowsJoined(heads),
      gradient: norm.gradient?.rowsJoined(heads) ?? null,
    };
    return { norm, read };
  };
  const parts = [normOf('q_norm', q, HEADS), normOf('k_norm', k, keyValue)] as const;
  return {
    ...{ q: parts[0].read, k: parts[1].read },
    forward: () => {
      for (const { norm } of parts) norm.forward();
    },
    backward: (gradients) => {
      for (const { norm } of parts) norm.backward(gradients);
    },
  };
}
