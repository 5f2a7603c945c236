// LayerNorm: population variance, eps inside the root, gain and shift; RMSNorm: the same about 0, gain alone. `hook_normalized` is what it makes of the stream
// before gain and shift, as in TransformerLens 3 and later. Without a normalisation readers read the stream itself.
import type { Tensor } from '../../engine/tensor.ts';
import type { ModelConfig } from '../config.ts';
import type { Component, ParameterSet, Part, Tensors } from './component.ts';
import { STREAM } from './hookPoint.ts';
import { planNormOfRows } from './layerNormOfRows.ts';
import { type Gains, normHooks, planNormalization } from './normalization.ts';
import type { Plan } from './plan.ts';
import type { HeadReading, Reading } from './reading.ts';
import { normVector } from './weight.ts';

type Mine = (set: ParameterSet) => Tensors;

/** `place` is its name in each spelling; `last` says that no gradient has come to the stream before this one. */
export function layerNorm(
  config: ModelConfig,
  place: { name: string; native: string; bridge: string },
  { last }: { last: boolean },
): Component {
  if (config.normalization === null) return { weights: {}, hooks: [], plan: (plan) => planNothing(plan, { last }) };
  const names = (own: 'w' | 'b', theirs: 'weight' | 'bias'): { name: string; native: string; bridge: string } => ({
    name: `${place.name}.${own}`,
    native: `${place.native}.${theirs}`,
    bridge: `${place.bridge}.${theirs}`,
  });
  return {
    weights: {
      gain: normVector(names('w', 'weight'), config.dModel, 1),
      ...(config.normalization === 'LN' ? { shift: normVector(names('b', 'bias'), config.dModel, 0) } : {}),
    },
    hooks: normHooks(place.name, STREAM),
    plan: (plan, mine) => {
      const { rows } = plan;
      return rows
        ? planNormOfRows(plan, mine, { rows, read: readStream(plan, { last }) })
        : planNorm(plan, mine, { place: place.name, ...readBy(plan, { last }) });
    },
  };
}

function planNothing(plan: Plan, { last }: { last: boolean }): Part {
  plan.reading = readStream(plan, { last });
  return { forward: () => {}, backward: () => {} };
}

interface Read {
  readonly x: Tensor;
  /** Its gradient, and what that is added to: null where nothing is there yet. */
  readonly dx: Tensor | null;
  readonly init: Tensor | null;
}

/** The stream, or the copy of it that its reader has. */
function readBy(plan: Plan, { last }: { last: boolean }): Read {
  const { stream, dStream, copy } = plan;
  plan.copy = null;
  return copy
    ? { x: copy.value, dx: copy.gradient, init: null }
    : { x: stream, dx: dStream, init: last ? null : dStream };
}

/** What is read as it is. */
function readStream(plan: Plan, options: { last: boolean }): Reading {
  const { x, dx, init } = readBy(plan, options);
  return {
    ...{ value: x, gradient: dx, init },
    bypassed: false,
    rows: plan.rows,
    forHeads: (name, options) => copiesForHeads(plan, name, options),
  };
}

function planNorm(plan: Plan, mine: Mine, { place, ...read }: Read & { place: string }): Part {
  const norm = planNormalization(plan, {
    ...{ place, axes: STREAM, role: 'the stream', ...read },
    ...{ centred: plan.config.normalization === 'LN', gainsIn: (set: ParameterSet) => mine(set) as unknown as Gains },
  });
  const reading: Reading = {
    ...{ value: norm.value, gradient: norm.gradient, init: null },
    ...{ bypassed: false, rows: null },
    forHeads: (name) => normForHeads(plan, mine, name),
  };
  plan.reading = reading;
  return {
    forward: () => norm.forward(),
    backward: (gradients) => {
      // Heads with inputs of their own read nothing of this.
      if (reading.bypassed) norm.showNone();
      else norm.backward(gradients);
    },
  };
}

function normForHeads(plan: Plan, mine: Mine, name: string): HeadReading {
  const { ops } = plan;
  const { eps } = plan.config;
  const centred = plan.config.normalization === 'LN';
  const { gain, shift = plan.constantRow(plan.config.dModel, 0) } = mine(plan.weights) as {
    gain: Tensor;
    shift?: Tensor;
  };
  const unused = centred ? undefined : plan.unusedRow(plan.config.dModel);
  const input = plan.activation(name, 'head input', (shapes, n) => shapes.headStream(n));
  const value = plan.activation(`${name} normalized`, 'head value', (shapes, n) => shapes.headStream(n));
  const stats = plan.activation(`${name} stats`, 'head moments', (shapes, n) => shapes.headMoments(n));
  const dInput = plan.gradient(name, 'head input', (shapes, n) => shapes.headStream(n));
  const dValue = plan.gradient(value.name, 'head value', (shapes, n) => shapes.headStream(n));
  const dStats = plan.gradient(stats.name, 'head moments', (shapes, n) => shapes.headMoments(n));
  return {
    ...{ input, dInput, value, dValue },
    forward: () => {
      ops.layerNorm({ x: input, gain, bias: shift, stats, normalized: value, eps, centred });
      return value;
    },
    backward: (gradients) => {
      const { gain: dGain, shift: dBias } = { shift: unused, ...mine(gradients) } as { gain: Tensor; shift: Tensor };
      // biome-ignore format: inputs, then outputs
      ops.layerNormBackward({ x: input, gain, stats, dNormalized: dValue!, init: null,
        dx: dInput!, dGain, dBias, dStats: dStats!, centred });
    },
  };
}

function copiesForHeads(plan: Plan, name: string, { own }: { own: boolean }): HeadReading {
  const make = (role: string): Tensor => plan.activation(name, role, (shapes, n) => shapes.headStream(n));
  const gradient = (role: string): Tensor | null => plan.gradient(name, role, (shapes, n) => shapes.headStream(n));
  const input = make('head input');
  const dValue = gradient('head value');
  const dInput = own ? gradient('head input') : dValue;
  return {
    ...{ input, dInput, dValue, value: own ? make('head value') : input },
    forward: () => input,
    backward: () => {
      if (own) dInput!.data.set(dValue!.data);
    },
  };
}
