// Queries, keys and values of a layer that reads a sum of table rows: the tables times W_Q, W_K and W_V, once for each state
// of the weights, and then only rows to look up.
import type { ScaledGradient } from '../../engine/tableOps.ts';
import type { Tensor } from '../../engine/tensor.ts';
import type { Mine, Projection, Steps } from './attentionInputs.ts';
import type { Carry, ParameterSet } from './component.ts';
import type { Plan, TableGradient } from './plan.ts';
import type { RowSum, Summand } from './rowSum.ts';

/** A summand times one of W_Q, W_K, W_V. */
interface Product {
  readonly of: Summand;
  /** [dVocab or nCtx, head × dHead] */
  readonly table: Tensor;
  readonly gradient: TableGradient;
}

export function planInputsFromTables(
  plan: Plan,
  mine: Mine,
  { layer, rows, projections }: { layer: number; rows: RowSum; projections: readonly Projection[] },
): Steps {
  const parts = projections.map((projection) => planPart(plan, mine, { layer, rows, projection }));
  return {
    deriveTables: () => {
      for (const part of parts) part.derive();
    },
    forward: () => {
      for (const part of parts) part.forward();
    },
    backward: (gradients) => {
      for (const part of parts) part.backward(gradients);
    },
    carry: (gradients) => {
      for (const part of parts) part.carryInput(gradients);
    },
    carryApart: parts.map(({ carryWeight }) => carryWeight),
  };
}

interface TablePart {
  derive(): void;
  forward(): void;
  backward(gradients: ParameterSet): void;
  carryInput: Carry;
  carryWeight: Carry;
}

function planPart(
  plan: Plan,
  mine: Mine,
  { layer, rows, projection }: { layer: number; rows: RowSum; projection: Projection },
): TablePart {
  const { ops } = plan;
  const { part, weight, bias, W, b, transposed, out } = projection;
  const { norm } = rows;
  const product = (of: Summand): Product => {
    const [table, gradient] = plan.table(`blocks.${layer} table of ${part}`, { rows: of.table.rows, like: out.value });
    return { of, table, gradient };
  };
  const tokens = product(rows.tokens);
  const added = part === 'v' ? rows.positions : (rows.positions ?? plan.positionSummand);
  const positions = added && product(added);
  const products = positions ? [tokens, positions] : [tokens];
  // What a scale must not divide: the norm's shift through the weight, and the weight's own bias.
  const offset = norm ? plan.table(`blocks.${layer} offset of ${part}`, { rows: 1, like: out.value }) : null;
  const scaled = norm && offset ? { stats: norm.stats, offset: offset[0] } : null;
  const dScaled: ScaledGradient | null = norm && scaled ? { ...scaled, dStats: norm.dStats } : null;
  const lookUp = {
    tokens: { table: tokens.table, index: plan.tokens },
    positions: positions && { table: positions.table, index: plan.positions },
    scaled,
    out: out.value,
  };
  return {
    derive: () => {
      if (norm && offset) ops.linear(norm.shift, W, b, offset[0]);
      for (const { of, table } of products)
        ops.linear(of.table, W, offset === null && of === rows.tokens ? b : null, table);
    },
    forward: () => ops.lookUp(lookUp),
    backward: (gradients) => {
      ops.lookUpBackward({
        dOut: out.gradient!,
        out: out.value,
        scaled: dScaled,
        dTokens: { table: tokens.gradient(gradients), index: plan.tokens },
        dPositions: positions && { table: positions.gradient(gradients), index: plan.positions },
      });
      if (offset) ops.addColumnSums(out.gradient!, offset[1](gradients));
    },
    carryInput: (gradients) => {
      for (const { of, gradient } of products) {
        const into = of.gradientIn(gradients);
        if (into) ops.linearBackwardInput(gradient(gradients), transposed!, into, into);
      }
      if (!norm || !offset) return;
      const dShift = norm.shiftGradientIn(gradients);
      ops.linearBackwardInput(offset[1](gradients), transposed!, dShift, dShift);
    },
    carryWeight: (gradients) => {
      const { [weight]: dW, [bias]: db } = mine(gradients);
      for (const { of, gradient } of products)
        inSlices(plan, [of.table, gradient(gradients)], (x, dy) => ops.linearBackwardWeight(x, dy, dW!));
      if (norm && offset) ops.linearBackwardWeight(norm.shift, offset[1](gradients), dW!);
      if (db) ops.addColumnSums((offset?.[1] ?? tokens.gradient)(gradients), db);
    },
  };
}

/** Some rows at a time, as many as a run has: the operations' scratch space holds no more. */
function inSlices({ extent }: Plan, [x, dy]: [Tensor, Tensor], visit: (x: Tensor, dy: Tensor) => void): void {
  const most = extent.sequences * extent.length;
  for (let from = 0; from < x.rows; from += most) {
    const rows = Math.min(most, x.rows - from);
    visit(x.rowRange(from, rows), dy.rowRange(from, rows));
  }
}
