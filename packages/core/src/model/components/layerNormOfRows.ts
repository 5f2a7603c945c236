// LayerNorm of the stream while it is a sum of table rows. Of a token's row alone it is a table itself. Of a sum of two rows it
// subtracts each row's mean and multiplies by the gain, both in the tables; only the scale is the sum's own.
import type { Tensor } from '../../engine/tensor.ts';
import type { ParameterSet, Part, Tensors } from './component.ts';
import type { Plan } from './plan.ts';
import type { Reading } from './reading.ts';
import type { RowSum, Summand } from './rowSum.ts';

type Mine = (set: ParameterSet) => Tensors;

/** `read` is what the stream itself would be read as. */
export function planNormOfRows(plan: Plan, mine: Mine, { rows, read }: { rows: RowSum; read: Reading }): Part {
  return rows.positions
    ? planNormOfSums(plan, mine, { rows, positions: rows.positions, read })
    : planNormOfTokens(plan, mine, { rows, read });
}

/** A table of this norm's own, whose gradient is carried on by `carry` and then cleared. */
function ownSummand(plan: Plan, name: string, like: Summand): Summand & { readonly gradient: Tensor } {
  const table = plan.copyOf(like.table, name);
  const gradient = plan.copyOf(like.table, `gradient of ${name}`);
  return { table, gradient, gradientIn: () => gradient };
}

function planNormOfTokens(plan: Plan, mine: Mine, { rows, read }: { rows: RowSum; read: Reading }): Part {
  const { ops, config } = plan;
  const { gain, shift } = mine(plan.weights) as { gain: Tensor; shift: Tensor };
  const x = rows.tokens.table;
  const tokens = ownSummand(plan, 'normalized W_E', rows.tokens);
  const stats = plan.momentsOf(x);
  const dStats = plan.momentsOf(x);
  plan.reading = { ...read, rows: { tokens, positions: null, norm: null } };
  return {
    derive: () => ops.layerNorm({ x, gain, bias: shift, stats, normalized: tokens.table, eps: config.eps }),
    forward: () => {},
    backward: () => {},
    carry: (gradients) => {
      const { gain: dGain, shift: dBias } = mine(gradients) as { gain: Tensor; shift: Tensor };
      const dx = rows.tokens.gradientIn(gradients)!;
      // biome-ignore format: inputs, then outputs
      ops.layerNormBackward({ x, gain, stats, dNormalized: tokens.gradient, init: dx,
        dx, dGain, dBias, dStats });
      tokens.gradient.data.fill(0);
    },
  };
}

function planNormOfSums(
  plan: Plan,
  mine: Mine,
  { rows, positions: added, read }: { rows: RowSum; positions: Summand; read: Reading },
): Part {
  const { ops, config, stream: x, dStream } = plan;
  const { gain, shift } = mine(plan.weights) as { gain: Tensor; shift: Tensor };
  const tokens = ownSummand(plan, 'centred W_E', rows.tokens);
  const positions = ownSummand(plan, 'centred W_pos', added);
  const stats = plan.momentsOf(x);
  const dStats = plan.momentsOf(x);
  const shiftGradientIn = (gradients: ParameterSet): Tensor => mine(gradients).shift!;
  plan.reading = { ...read, rows: { tokens, positions, norm: { stats, dStats, shift, shiftGradientIn } } };
  const summands = [
    { own: tokens, of: rows.tokens },
    { own: positions, of: added },
  ];
  return {
    derive: () => {
      for (const { own, of } of summands) ops.centre(of.table, gain, own.table);
    },
    forward: () => ops.moments(x, stats, config.eps),
    backward: () => {
      ops.momentsBackward(x, stats, dStats, dStream!);
      dStats.data.fill(0);
    },
    carry: (gradients) => {
      const dGain = mine(gradients).gain!;
      for (const { own, of } of summands) {
        ops.centreBackward({ x: of.table, gain, dOut: own.gradient, dx: of.gradientIn(gradients), dGain });
        own.gradient.data.fill(0);
      }
    },
  };
}
