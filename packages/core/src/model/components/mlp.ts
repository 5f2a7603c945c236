// The MLP of one layer: W_in, an activation function, W_out; gated, the activation of x W_gate times x W_in. b_in is added before
// the activation function, or, gated, after the product, as in TransformerLens. Its output goes to `plan.outputs`.
import type { Gate } from '../../engine/modelOps.ts';
import type { Tensor } from '../../engine/tensor.ts';
import type { ModelConfig } from '../config.ts';
import type { Mine } from './attentionInputs.ts';
import type { Component, ParameterSet, Part } from './component.ts';
import { MLP, STREAM } from './hookPoint.ts';
import type { Plan } from './plan.ts';
import { biasVector, matrix, type Weight, type WeightName } from './weight.ts';

/** What the config says of MLPs, all of it. */
type WithMlp = ModelConfig & Required<Pick<ModelConfig, 'dMlp' | 'actFn'>>;

/** A config says both or none (config.ts). */
export const hasMlp = (config: ModelConfig): config is WithMlp => config.dMlp !== undefined;

export function mlp(config: WithMlp, layer: number): Component {
  const block = `blocks.${layer}`;
  const gated = config.gatedMlp === true;
  const hook = (name: string): Component['hooks'][number] => ({ name: `${block}.mlp.hook_${name}`, axes: MLP });
  return {
    weights: weightsOf(config, layer),
    hooks: [
      hook('pre'),
      ...(gated ? [hook('pre_linear')] : []),
      hook('post'),
      { name: `${block}.hook_mlp_out`, axes: STREAM },
    ],
    plan: (plan, mine) => planMlp(plan, mine, { config, layer }),
  };
}

function weightsOf({ dModel, dMlp, gatedMlp, biases }: WithMlp, layer: number): Record<string, Weight> {
  const names = (name: string, native: string, bridge: string): WeightName => ({
    name: `blocks.${layer}.mlp.${name}`,
    native: `layers.${layer}.mlp.${native}`,
    bridge: `blocks.${layer}.mlp.${bridge}`,
  });
  const [gate, input, out] = gatedMlp ? ['gate', 'in', 'out'] : ['gate', 'fc_in', 'fc_out'];
  const W_gate = matrix(names('W_gate', `${gate}.weight`, 'gate.weight'), dModel, dMlp);
  return {
    ...(gatedMlp ? { W_gate } : {}),
    W_in: matrix(names('W_in', `${input}.weight`, 'in.weight'), dModel, dMlp),
    ...(biases ? { b_in: biasVector(names('b_in', `${input}.bias`, 'in.bias'), dMlp) } : {}),
    W_out: matrix(names('W_out', `${out}.weight`, 'out.weight'), dMlp, dModel),
    ...(biases ? { b_out: biasVector(names('b_out', `${out}.bias`, 'out.bias'), dModel) } : {}),
  };
}

function planMlp(plan: Plan, mine: Mine, { config, layer }: { config: WithMlp; layer: number }): Part {
  const inner = planInner(plan, mine, { config, block: `blocks.${layer}` });
  const output = planOutput(plan, mine, { post: inner.post, layer });
  return {
    derive: () => {
      inner.derive();
      output.derive();
    },
    forward: () => {
      inner.forward();
      output.forward();
    },
    backward: (gradients) => {
      output.backward(gradients);
      inner.backward(gradients);
    },
  };
}

interface Steps {
  derive(): void;
  forward(): void;
  backward(gradients: ParameterSet): void;
}

/** An activation of the MLP's width and its gradient. */
interface Wide {
  readonly value: Tensor;
  readonly gradient: Tensor | null;
}

/** From what is read of the stream to `post`, [batch, pos, dMlp]. */
function planInner(
  plan: Plan,
  mine: Mine,
  { config, block }: { config: WithMlp; block: string },
): Steps & { readonly post: Wide } {
  const { ops, reading } = plan;
  const { actFn } = config;
  const { W_gate = null, W_in, b_in = null } = mine(plan.weights) as { W_gate?: Tensor; W_in: Tensor; b_in?: Tensor };
  const wide = (part: string): Wide => {
    const name = `${block}.mlp.hook_${part}`;
    return {
      value: plan.activation(name, `mlp ${part}`, (shapes, n) => shapes.mlp(n)),
      gradient: plan.gradient(name, `mlp ${part}`, (shapes, n) => shapes.mlp(n)),
    };
  };
  const pre = wide('pre');
  const linear = W_gate && wide('pre_linear');
  const post = wide('post');
  const gate: Gate | null = linear && { linear: linear.value, bias: b_in ?? plan.constantRow(config.dMlp, 0) };
  // What is multiplied by the stream: the activated part first.
  const products = linear
    ? [
        { weight: 'W_gate', W: W_gate, b: null, out: pre },
        { weight: 'W_in', W: W_in, b: null, out: linear },
      ]
    : [{ weight: 'W_in', W: W_in, b: b_in, out: pre }];
  const transposed = products.map(({ W }) => (plan.options.gradients ? plan.transposed(W) : null));
  return {
    post,
    derive: () => {
      products.forEach(({ W }, i) => {
        if (transposed[i]) ops.transpose(W, transposed[i]);
      });
    },
    forward: () => {
      for (const { W, b, out } of products) ops.linear(reading.value, W, b, out.value);
      for (const { out } of products) plan.see(out.value);
      ops.activate(actFn, pre.value, gate, post.value);
      plan.see(post.value);
    },
    backward: (gradients) => {
      const { b_in: db_in, ...own } = mine(gradients);
      plan.seeGradient(post.gradient!);
      if (db_in && linear) ops.addColumnSums(post.gradient!, db_in);
      ops.activateBackward(actFn, {
        ...{ pre: pre.value, dPost: post.gradient!, dPre: pre.gradient! },
        gate: linear && { linear: linear.value, dLinear: linear.gradient! },
      });
      for (const { out } of [...products].reverse()) plan.seeGradient(out.gradient!);
      if (db_in && !linear) ops.addColumnSums(pre.gradient!, db_in);
      products.forEach(({ weight, out }, i) => {
        ops.linearBackwardWeight(reading.value, out.gradient!, own[weight]!);
        const init = i === 0 ? reading.init : reading.gradient;
        ops.linearBackwardInput(out.gradient!, transposed[i]!, init, reading.gradient!);
      });
    },
  };
}

/** post W_out + b_out, added to the stream: in one go where nobody watches and there is no bias. */
function planOutput(plan: Plan, mine: Mine, { post, layer }: { post: Wide; layer: number }): Steps {
  const { ops } = plan;
  const name = `blocks.${layer}.hook_mlp_out`;
  const { W_out, b_out = null } = mine(plan.weights) as { W_out: Tensor; b_out?: Tensor };
  const transposed = plan.options.gradients ? plan.transposed(W_out) : null;
  const dOut = plan.streamGradient(name);
  const inOneGo = plan.options.unwatched && b_out === null;
  const stays = plan.options.results.includes(layer);
  const out = inOneGo
    ? null
    : stays
      ? plan.shapes.stream(name)
      : plan.activation(name, 'mlp output', (shapes, n) => shapes.stream(n));
  if (stays && out) plan.written.set(name, out);
  plan.add((before, after) => (out ? ops.add(before, out, after) : ops.linear(post.value, W_out, before, after)));
  return {
    derive: () => {
      if (transposed) ops.transpose(W_out, transposed);
    },
    forward: () => {
      if (!out) return;
      ops.linear(post.value, W_out, b_out, out);
      plan.see(out);
    },
    backward: (gradients) => {
      const { W_out: dW_out, b_out: db_out } = mine(gradients);
      plan.seeGradientOfPart(dOut!, () => {
        if (db_out) ops.addColumnSums(dOut!, db_out);
        ops.linearBackwardWeight(post.value, dOut!, dW_out!);
        ops.linearBackwardInput(dOut!, transposed!, null, post.gradient!);
      });
    },
  };
}
