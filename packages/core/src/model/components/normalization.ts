// What LayerNorm and RMSNorm do to each row, of the residual stream or of one head: forward, backward, and what watchers see
// and change inside: the scale, and the row before gain and shift.
import type { Tensor } from '../../engine/tensor.ts';
import type { Shapes } from '../shapes.ts';
import type { ParameterSet } from './component.ts';
import type { Axis, HookPoint } from './hookPoint.ts';
import { gradientCuts } from './layerNormCuts.ts';
import type { Plan } from './plan.ts';

/** Its hook points: `place` is its name, `axes` are those of what it reads. */
export const normHooks = (place: string, axes: readonly Axis[]): HookPoint[] => [
  { name: `${place}.hook_scale`, axes: scaleAxes(axes), role: 'scale' },
  { name: `${place}.hook_normalized`, axes, role: 'normalized' },
];

/** A number for each row. */
const scaleAxes = (axes: readonly Axis[]): Axis[] => [...axes.slice(0, -1), 'one'];

export interface Gains {
  readonly gain: Tensor;
  /** Absent where there is none. */
  readonly shift?: Tensor | undefined;
}

export interface NormOf {
  readonly place: string;
  readonly axes: readonly Axis[];
  /** Whose buffers it shares with other layers. */
  readonly role: string;
  /** Rows to normalise, their gradient, and what that is added to: null where nothing is there yet. */
  readonly x: Tensor;
  readonly dx: Tensor | null;
  readonly init: Tensor | null;
  /** Whether the mean is subtracted. */
  readonly centred: boolean;
  /** Finds gain and shift, or their gradients. */
  readonly gainsIn: (set: ParameterSet) => Gains;
}

export interface Norm {
  /** With gain and shift, laid out as `x` is. */
  readonly value: Tensor;
  readonly gradient: Tensor | null;
  forward(): void;
  /** gradient → dx */
  backward(gradients: ParameterSet): void;
  /** In place of `backward` where nobody has read `value`: the gradients inside are 0. */
  showNone(): void;
}

export function planNormalization(plan: Plan, { place, axes, role, x, dx, init, centred, gainsIn }: NormOf): Norm {
  const { ops } = plan;
  const { eps } = plan.config;
  const { gain, shift } = gainsIn(plan.weights);
  const size = gain.shape[0] as number;
  const bias = shift ?? plan.constantRow(size, 0);
  const unused = shift ? null : plan.unusedRow(size);
  // Laid out as people see them, and read by kernels with a row for each row of x.
  type Named = [name: string, role: string, make: (shapes: Shapes, name: string) => Tensor];
  const like = (name: string, what: string, of = axes): Named => [
    name,
    `${what} of ${role} [${of}]`,
    (shapes, n) => withRows(shapes.of(of, n), x.rows),
  ];
  const ofScale = like(`${place}.hook_scale`, 'scale', scaleAxes(axes));
  const ofValue = like(`${place} with gain and shift`, 'normalized');
  const [stats, value] = [plan.activation(...ofScale), plan.activation(...ofValue)];
  const [dStats, gradient] = [plan.gradient(...ofScale), plan.gradient(...ofValue)];
  const unit = plan.shared(...like(`${place}.hook_normalized`, 'before gain and shift'));
  const layer = { x, gain, bias, stats, normalized: value, eps, centred };
  const cuts = gradientCuts(plan, { x, stats, unit, size });
  return {
    ...{ value, gradient },
    forward: () => {
      ops.layerNorm(layer);
      if (plan.watcher === null) return;
      plan.see(stats);
      if (plan.watcher.changesScale) ops.layerNormApply(layer);
      if (!plan.watcher.seesNormalized) return;
      seeNormalized(plan, { ...layer, unit, size });
      if (plan.watcher.changesGradients) cuts.remember();
    },
    backward: (gradients) => {
      const { gain: dGain, shift: dShift } = gainsIn(gradients);
      const dBias = dShift ?? (unused as Tensor);
      if (plan.watcher?.seesNormalized)
        cuts.atNormalized({ dNormalized: gradient!, dGain, dBias }, () =>
          seeNormalizedGradient(plan, { after: gradient!, gain, unit }),
        );
      // biome-ignore format: inputs, then outputs
      ops.layerNormBackward({ x, gain, stats, dNormalized: gradient!, init,
        dx: dx!, dGain, dBias, dStats: dStats!, centred });
      cuts.atScale({ dStats: dStats!, dx: dx! }, () => plan.seeGradient(dStats!));
    },
    showNone: () => {
      if (!plan.watcher?.changesGradients) return;
      for (const inside of [unit, dStats!]) {
        inside.data.fill(0);
        plan.seeGradient(inside);
      }
    },
  };
}

const withRows = (tensor: Tensor, rows: number): Tensor => tensor.rowsSplit(rows / tensor.rows);

/**
 * Shows x before gain and shift, which the kernel computes in one go with them; what a watcher changes there is given
 * gain and shift anew, all else keeps its bits.
 */
function seeNormalized(
  plan: Plan,
  { size, ...of }: Record<'x' | 'gain' | 'bias' | 'stats' | 'normalized' | 'unit', Tensor> & { readonly size: number },
): void {
  const { x, gain, bias, stats, normalized, unit } = of;
  const [ones, zeros] = [plan.constantRow(size, 1), plan.constantRow(size, 0)];
  plan.ops.layerNormApply({ x, gain: ones, bias: zeros, stats, normalized: unit });
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
