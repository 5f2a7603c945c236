// LayerNorm: population variance, eps inside the root, gain and shift; RMSNorm: the same about 0, gain alone. `hook_normalized` is what it makes of the stream
// before gain and shift, as in TransformerLens 3 and later. Without a normalisation readers read the stream itself.
import type { Tensor } from '../../engine/tensor.ts';
import type { ModelConfig } from '../config.ts';
import type { Component, ParameterSet, Part, Tensors } from './component.ts';
import { SCALE, STREAM } from './hookPoint.ts';
import { gradientCuts } from './layerNormCuts.ts';
import { planNormOfRows } from './layerNormOfRows.ts';
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
    hooks: [
      { name: `${place.name}.hook_scale`, axes: SCALE, role: 'scale' },
      { name: `${place.name}.hook_normalized`, axes: STREAM, role: 'normalized' },
    ],
    plan: (plan, mine) => {
      const { rows } = plan;
      return rows
        ? planNormOfRows(plan, mine, { rows, read: readStream(plan, { last }) })
        : planNorm(plan, mine, { place: place.name, last });
    },
  };
}

function planNothing(plan: Plan, { last }: { last: boolean }): Part {
  plan.reading = readStream(plan, { last });
  return { forward: () => {}, backward: () => {} };
}

/** The stream itself. */
function readStream(plan: Plan, { last }: { last: boolean }): Reading {
  const { stream, dStream, rows } = plan;
  return {
    value: stream,
    gradient: dStream,
    init: last ? null : dStream,
    bypassed: false,
    rows,
    forHeads: (name, options) => copiesForHeads(plan, name, options),
  };
}

function planNorm(plan: Plan, mine: Mine, { place, last }: { place: string; last: boolean }): Part {
  const { ops, stream: x, dStream } = plan;
  const { eps } = plan.config;
  const centred = plan.config.normalization === 'LN';
  const { gain, shift = plan.zeroRow } = mine(plan.weights) as { gain: Tensor; shift?: Tensor };
  const unused = centred ? undefined : plan.unusedRow();
  const stats = plan.activation(`${place}.stats`, 'moments', (shapes, n) => shapes.moments(n));
  const normalized = plan.activation(`${place} with gain and shift`, 'normalized', (shapes, n) => shapes.stream(n));
  const unit = plan.shared(`${place}.hook_normalized`, 'before gain and shift', (shapes, n) => shapes.stream(n));
  const scale = plan.shapes.scaleOf(stats, `${place}.hook_scale`);
  const dNormalized = plan.gradient(normalized.name, 'normalized', (shapes, n) => shapes.stream(n));
  const dStats = plan.gradient(stats.name, 'moments', (shapes, n) => shapes.moments(n));
  const dScale = dStats && plan.shapes.scaleOf(dStats, scale.name);
  const reading: Reading = {
    value: normalized,
    gradient: dNormalized,
    init: null,
    bypassed: false,
    rows: null,
    forHeads: (name) => normForHeads(plan, mine, name),
  };
  plan.reading = reading;
  const layer = { x, gain, bias: shift, stats, normalized, eps, centred };
  const cuts = gradientCuts(plan, { x, stats, unit });
  return {
    forward: () => {
      ops.layerNorm(layer);
      if (plan.watcher === null) return;
      plan.see(scale);
      if (plan.watcher.changesScale) ops.layerNormApply(layer);
      if (!plan.watcher.seesNormalized) return;
      seeNormalized(plan, { ...layer, unit });
      if (plan.watcher.changesGradients) cuts.remember();
    },
    backward: (gradients) => {
      if (reading.bypassed) {
        if (plan.watcher?.changesGradients) showNone(plan, [unit, dScale!]);
        return;
      }
      const { gain: dGain, shift: dBias } = { shift: unused, ...mine(gradients) } as { gain: Tensor; shift: Tensor };
      if (plan.watcher?.seesNormalized)
        cuts.atNormalized({ dNormalized: dNormalized!, dGain, dBias }, () =>
          seeNormalizedGradient(plan, { after: dNormalized!, gain, unit }),
        );
      // biome-ignore format: inputs, then outputs
      ops.layerNormBackward({ x, gain, stats, dNormalized: dNormalized!, init: last ? null : dStream,
        dx: dStream!, dGain, dBias, dStats: dStats!, centred });
      cuts.atScale({ dStats: dStats!, dx: dStream! }, () => plan.seeGradient(dScale!));
    },
  };
}

/** Heads with inputs of their own read nothing of this: the gradients are 0. */
function showNone(plan: Plan, gradients: readonly Tensor[]): void {
  for (const gradient of gradients) {
    gradient.data.fill(0);
    plan.seeGradient(gradient);
  }
}

/**
 * Shows x before gain and shift, which the kernel computes in one go with them; what a watcher changes there is given
 * gain and shift anew, all else keeps its bits.
 */
function seeNormalized(
  plan: Plan,
  { x, gain, bias, stats, normalized, unit }: Record<'x' | 'gain' | 'bias' | 'stats' | 'normalized' | 'unit', Tensor>,
): void {
  plan.ops.layerNormApply({ x, gain: plan.ones, bias: plan.zeroRow, stats, normalized: unit });
  const before = unit.data.slice();
  plan.see(unit);
  const { data: after, width } = unit;
  for (let i = 0; i < before.length; i++)
    if (after[i] !== before[i])
      normalized.data[i] = (after[i] as number) * gain.data[i % width]! + bias.data[i % width]!;
}

/** The gradient before gain and shift, from that after them. The backward pass no longer needs what stood in `unit`. */
function seeNormalizedGradient(plan: Plan, { after, gain, unit }: Record<'after' | 'gain' | 'unit', Tensor>): void {
  const { data, width } = unit;
  for (let i = 0; i < data.length; i++) data[i] = after.data[i]! * gain.data[i % width]!;
  plan.seeGradient(unit);
}

function normForHeads(plan: Plan, mine: Mine, name: string): HeadReading {
  const { ops } = plan;
  const { eps } = plan.config;
  const centred = plan.config.normalization === 'LN';
  const { gain, shift = plan.zeroRow } = mine(plan.weights) as { gain: Tensor; shift?: Tensor };
  const unused = centred ? undefined : plan.unusedRow();
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
