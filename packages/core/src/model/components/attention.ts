// Causal self-attention of one layer: queries, keys and values from what is read of the residual stream, scores, pattern,
// values mixed by it, and W_O. Its output goes to `plan.outputs`.
import type { Tensor } from '../../engine/tensor.ts';
import type { ModelConfig } from '../config.ts';
import { isGrouped, keyValueHeads } from '../heads.ts';
import type { Shapes } from '../shapes.ts';
import { type Inputs, planInputs } from './attentionInputs.ts';
import { planOutput } from './attentionOutput.ts';
import type { Component, ParameterSet, Part, Tensors } from './component.ts';
import { type Axis, HEAD_STREAM, HEADS, type HookPoint, KEY_VALUE_HEADS, SQUARE, STREAM } from './hookPoint.ts';
import type { Plan } from './plan.ts';
import { POSITION_SCHEMES } from './positions/schemes.ts';
import { normWeights, planQueryKeyNorm, queryKeyNormHooks } from './queryKeyNorm.ts';
import { biasVector, headBias, headInputs, headOutputs, type Weight, type WeightName } from './weight.ts';

export function attention(config: ModelConfig, layer: number): Component {
  return {
    weights: weightsOf(config, layer),
    hooks: hooksOf(config, `blocks.${layer}`),
    plan: (plan, mine) => planAttention(plan, mine, layer),
  };
}

function weightsOf(config: ModelConfig, layer: number): Record<string, Weight> {
  const names = (name: string, part: string): WeightName => ({
    name: `blocks.${layer}.attn.${name}`,
    native: `layers.${layer}.attn.${part}`,
    bridge: `blocks.${layer}.attn.${part}`,
  });
  const shared = isGrouped(config) ? '_' : ''; // so called in TransformerLens's files, where W_K is for every head
  const sharing = { ...config, nHeads: keyValueHeads(config) };
  const biases = {
    b_Q: headBias(names('b_Q', 'q.bias'), config),
    b_K: headBias(names(`${shared}b_K`, 'k.bias'), sharing),
    b_V: headBias(names(`${shared}b_V`, 'v.bias'), sharing),
    b_O: biasVector(names('b_O', 'o.bias'), config.dModel),
  };
  return {
    W_Q: headInputs(names('W_Q', 'q.weight'), config),
    W_K: headInputs(names(`${shared}W_K`, 'k.weight'), sharing),
    W_V: headInputs(names(`${shared}W_V`, 'v.weight'), sharing),
    W_O: headOutputs(names('W_O', 'o.weight'), config),
    ...(config.biases ? biases : {}),
    ...normWeights(config, layer),
  };
}

function hooksOf(config: ModelConfig, block: string): HookPoint[] {
  const input = (part: string): HookPoint => ({
    ...{ name: `${block}.hook_${part}_input`, axes: HEAD_STREAM, onRequest: true, role: 'headInput' },
  });
  const heads = (part: string): HookPoint => ({ name: `${block}.attn.hook_${part}`, axes: HEADS });
  const keyValue = isGrouped(config) ? KEY_VALUE_HEADS : HEADS;
  return [
    { name: `${block}.hook_attn_in`, axes: HEAD_STREAM, onRequest: true, role: 'headInput' },
    ...['q', 'k', 'v'].map(input),
    heads('q'),
    ...['k', 'v'].map((part): HookPoint => ({ ...heads(part), axes: keyValue })),
    ...queryKeyNormHooks(config, block, keyValue),
    ...(POSITION_SCHEMES[config.positions].turn?.hooks(block, keyValue) ?? []),
    { name: `${block}.attn.hook_attn_scores`, axes: SQUARE, future: Number.NEGATIVE_INFINITY },
    { name: `${block}.attn.hook_pattern`, axes: SQUARE, future: 0 },
    heads('z'),
    { name: `${block}.attn.hook_result`, axes: HEAD_STREAM, onRequest: true, role: 'headResult' },
    { name: `${block}.hook_attn_out`, axes: STREAM },
  ];
}

/** A kind of activation of a layer and its gradient, null without gradients. */
export interface Pair {
  readonly value: Tensor;
  readonly gradient: Tensor | null;
}

function planAttention(plan: Plan, mine: (set: ParameterSet) => Tensors, layer: number): Part {
  const block = `blocks.${layer}`;
  const heads = (part: string, axes: readonly Axis[] = HEADS): Pair => {
    const of = [
      `${block}.attn.hook_${part}`,
      `${part} [${axes}]`,
      (shapes: Shapes, n: string) => shapes.of(axes, n),
    ] as const;
    return { value: plan.activation(...of), gradient: plan.gradient(...of) };
  };
  // Where heads have inputs of their own, each has keys and values of its own, even if their weights are shared.
  const ownKeys = plan.options.splitInputs.includes(layer) || !isGrouped(plan.config);
  const keyValue = ownKeys ? HEADS : KEY_VALUE_HEADS;
  const [q, k, v] = [heads('q'), heads('k', keyValue), heads('v', keyValue)];
  const inputs = planInputs(plan, mine, { layer, q, k, v });
  const compared = planQueryKeyNorm(plan, mine, { block, q, k, keyValue });
  const pattern = planPattern(plan, { block, ...compared });
  const z = heads('z');
  const output = planOutput(plan, mine, { layer, z });
  const { ops, stream } = plan;
  const fromMixed = (): void => {
    plan.see(z.value);
    output.forward();
  };
  return {
    ...carried(inputs),
    stem: { tensors: [stream, z.value], forward: fromMixed },
    derive: () => {
      inputs.derive();
      output.derive();
    },
    forward: () => {
      inputs.forward();
      for (const { value } of [q, k, v]) plan.see(value);
      compared.forward();
      pattern.forward();
      ops.attentionMix(pattern.value, v.value, z.value);
      fromMixed();
    },
    backward: (gradients) => {
      output.backward(gradients);
      plan.seeGradient(z.gradient!);
      ops.attentionMixBackward(pattern.value, v.value, z.gradient!, pattern.gradient!, v.gradient!);
      plan.seeGradient(pattern.gradient!);
      pattern.backward();
      compared.backward(gradients);
      for (const { gradient } of [q, k, v]) plan.seeGradient(gradient!);
      inputs.backward(gradients);
    },
  };
}

const carried = ({ carry, carryApart }: Inputs): Pick<Part, 'carry' | 'carryApart'> =>
  carry && carryApart ? { carry, carryApart } : {};

/** From q and k to the pattern, and back. Scores become the pattern in place, and so do their gradients. */
function planPattern(
  plan: Plan,
  { block, q, k }: { block: string; q: Pair; k: Pair },
): Pair & { forward(): void; backward(): void } {
  const { ops, config } = plan;
  const { turn, bias } = POSITION_SCHEMES[config.positions];
  const plain = { q: q.value, k: k.value, dQ: q.gradient, dK: k.gradient };
  const turned = turn?.plan(plan, block, plain);
  const compared = turned ?? plain;
  const scores = plan.activation(`${block}.attn.hook_attn_scores`, 'scores', (shapes, n) => shapes.square(n));
  const dScores = plan.gradient(scores.name, 'scores', (shapes, n) => shapes.square(n));
  const addBias = bias?.(plan);
  const named = (tensor: Tensor): Tensor => tensor.at(tensor.address, `${block}.attn.hook_pattern`);
  const [value, gradient] = [named(scores), dScores && named(dScores)];
  const inverseScale = 1 / config.attnScale;
  return {
    ...{ value, gradient },
    forward: () => {
      turned?.forward();
      ops.attentionScores(compared.q, compared.k, scores);
      addBias?.(scores);
      plan.see(scores);
      ops.causalSoftmax(value);
      plan.see(value);
    },
    backward: () => {
      if (plan.watcher?.backward) {
        ops.causalSoftmaxBackward(value, gradient!, 1);
        plan.seeGradient(dScores!);
        ops.scale(dScores!, inverseScale);
      } else ops.causalSoftmaxBackward(value, gradient!, inverseScale); // the same in one pass
      ops.attentionScoresBackward(dScores!, compared.q, compared.k, compared.dQ!, compared.dK!);
      turned?.backward();
    },
  };
}
