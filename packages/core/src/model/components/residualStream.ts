// The residual stream: where a layer finds it, and where what the layer computes is added to it.
import type { ModelConfig } from '../config.ts';
import type { Component } from './component.ts';
import { STREAM } from './hookPoint.ts';

/** The stream as a layer finds it, under that layer's name. */
export function residPre(layer: number): Component {
  const name = `blocks.${layer}.hook_resid_pre`;
  return {
    weights: {},
    hooks: [{ name, axes: STREAM }],
    plan: (plan) => {
      const stream = plan.stream.at(plan.stream.address, name);
      const gradient = plan.streamGradient(name);
      return { forward: () => plan.see(stream), backward: () => plan.seeGradient(gradient!) };
    },
  };
}

/** A copy of the stream for the MLP alone, on request: what is changed there stays with it. */
export function mlpInput(layer: number): Component {
  const name = `blocks.${layer}.hook_mlp_in`;
  return {
    weights: {},
    hooks: [{ name, axes: STREAM, onRequest: true, role: 'mlpInput' }],
    plan: (plan) => {
      if (!plan.options.mlpInputs?.includes(layer)) return { forward: () => {}, backward: () => {} };
      const { stream, dStream } = plan;
      const value = plan.activation(name, 'MLP input', (shapes, n) => shapes.stream(n));
      const gradient = plan.gradient(name, 'MLP input', (shapes, n) => shapes.stream(n));
      plan.copy = { value, gradient };
      return {
        forward: () => {
          value.data.set(stream.data);
          plan.see(value);
        },
        backward: () => {
          plan.seeGradient(gradient!);
          plan.ops.add(dStream!, gradient!, dStream!);
        },
      };
    },
  };
}

/** Between attention and MLP: the stream with what attention computed. */
export const residMid = (config: ModelConfig, layer: number): Component =>
  added(config, `blocks.${layer}.hook_resid_mid`, { ends: false });

export const residPost = (config: ModelConfig, layer: number): Component =>
  added(config, `blocks.${layer}.hook_resid_post`, { ends: true });

/** Adds the components before to the stream. The gradient of the sum is that of each, so nothing moves backward. */
function added(config: ModelConfig, name: string, { ends }: { ends: boolean }): Component {
  return {
    weights: {},
    hooks: [{ name, axes: STREAM }],
    plan: (plan) => {
      const { stream: before, outputs } = plan;
      const after = plan.activation(name, 'residual stream', (shapes, n) => shapes.stream(n));
      const gradient = plan.streamGradient(name);
      // Beside an MLP, attention finds the sum's gradient here, since the MLP's way back changes the stream's.
      const kept = config.parallelAttnMlp && ends ? plan.gradientBesideMlp(name) : null;
      plan.stream = after;
      plan.rows = null;
      plan.outputs = [];
      return {
        forward: () => {
          let sum = before;
          for (const addTo of outputs) {
            addTo(sum, after);
            sum = after;
          }
          plan.see(after);
        },
        backward: () => {
          plan.seeGradient(gradient!);
          kept?.data.set(gradient!.data);
        },
      };
    },
  };
}
