// The residual stream: where a layer finds it, and where what the layer computes is added to it.
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

/** Adds the component before to the stream. The gradient of the sum is that of both, so nothing moves backward. */
export function residPost(layer: number): Component {
  const name = `blocks.${layer}.hook_resid_post`;
  return {
    weights: {},
    hooks: [{ name, axes: STREAM }],
    plan: (plan) => {
      const { stream: before, addOutput } = plan;
      const after = plan.activation(name, 'residual stream', (shapes, n) => shapes.stream(n));
      const gradient = plan.streamGradient(name);
      plan.stream = after;
      plan.rows = null;
      return {
        forward: () => {
          addOutput(before, after);
          plan.see(after);
        },
        backward: () => plan.seeGradient(gradient!),
      };
    },
  };
}
