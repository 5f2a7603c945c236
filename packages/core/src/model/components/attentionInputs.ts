// Queries, keys and values: from what all heads of the layer read together, or, where somebody wants to change what one
// head reads, from a copy of the residual stream for each head and each of Q, K and V.
import { padded, type Tensor } from '../../engine/tensor.ts';
import type { Pair } from './attention.ts';
import { planInputsFromTables } from './attentionTables.ts';
import type { Carry, ParameterSet, Tensors } from './component.ts';
import type { Plan } from './plan.ts';

export interface Inputs {
  derive(): void;
  /** What is carried from tables to weights; the pieces of `carryApart` do so independently (component.ts). */
  readonly carry?: Carry;
  readonly carryApart?: readonly Carry[];
  /** Fills q, k and v. */
  forward(): void;
  backward(gradients: ParameterSet): void;
}

export type Mine = (set: ParameterSet) => Tensors;

export interface Layer {
  readonly layer: number;
  readonly q: Pair;
  readonly k: Pair;
  readonly v: Pair;
}

/** One of Q, K, V: its weights, their transpose, what it fills, and the names of its weights. */
export interface Projection {
  readonly part: 'q' | 'k' | 'v';
  readonly weight: 'W_Q' | 'W_K' | 'W_V';
  readonly bias: 'b_Q' | 'b_K' | 'b_V';
  readonly W: Tensor;
  readonly b: Tensor | null;
  readonly transposed: Tensor | null;
  readonly out: Pair;
}

export function planInputs(plan: Plan, mine: Mine, { layer, q, k, v }: Layer): Inputs {
  const weights = mine(plan.weights);
  const projection = (part: 'q' | 'k' | 'v', letter: 'Q' | 'K' | 'V', out: Pair): Projection => {
    const W = weights[`W_${letter}`] as Tensor;
    const transposed = plan.options.gradients ? plan.transposed(W) : null;
    return { part, weight: `W_${letter}`, bias: `b_${letter}`, W, b: weights[`b_${letter}`] ?? null, transposed, out };
  };
  const projections = [projection('q', 'Q', q), projection('k', 'K', k), projection('v', 'V', v)] as const;
  const steps = planSteps(plan, mine, { layer, projections });
  return {
    ...steps,
    derive: () => {
      for (const { W, transposed } of projections) if (transposed) plan.ops.transpose(W, transposed);
      steps.deriveTables?.();
    },
  };
}

function planSteps(plan: Plan, mine: Mine, of: { layer: number; projections: Projections }): Steps {
  const { rows } = plan.reading;
  if (rows) return planInputsFromTables(plan, mine, { ...of, rows });
  const isSplit = ({ part }: Projection): boolean => plan.options.splitInputs.includes(`${of.layer}.${part}`);
  const [own, common] = [of.projections.filter(isSplit), of.projections.filter((one) => !isSplit(one))];
  if (own.length === 0) return planCommonInput(plan, mine, { ...of, filled: common });
  const ofHeads = planInputsOfHeads(plan, mine, { layer: of.layer, projections: own });
  if (common.length === 0) return ofHeads;
  // Some of both, which is only without gradients.
  const ofAll = planCommonInput(plan, mine, { ...of, filled: common });
  return {
    ...ofHeads,
    forward: () => {
      ofAll.forward();
      ofHeads.forward();
    },
  };
}

/** All of it but transposes. */
export type Steps = Omit<Inputs, 'derive'> & { deriveTables?(): void };
type Projections = readonly [q: Projection, k: Projection, v: Projection];

function weightGradient(plan: Plan, x: Tensor, dy: Tensor, into: { W: Tensor; b: Tensor | undefined }): void {
  plan.ops.linearBackwardWeight(x, dy, into.W);
  if (into.b) plan.ops.addColumnSums(dy, into.b);
}

function planCommonInput(
  plan: Plan,
  mine: Mine,
  { layer, projections, filled }: { layer: number; projections: Projections; filled: readonly Projection[] },
): Steps {
  const { ops, reading, positionRows, dPositionRows } = plan;
  const { value, gradient, init } = reading;
  const [q, k, v] = projections;
  const name = `blocks.${layer} input of Q and K`;
  // With positions of their own, Q and K read something else than V.
  const read = positionRows ? plan.activation(name, 'input of Q and K', (shapes, n) => shapes.stream(n)) : value;
  const dRead = positionRows ? plan.gradient(name, 'input of Q and K', (shapes, n) => shapes.stream(n)) : gradient;
  return {
    forward: () => {
      if (positionRows) ops.add(value, positionRows, read);
      for (const { part, W, b, out } of filled) ops.linear(part === 'v' ? value : read, W, b, out.value);
    },
    backward: (gradients) => {
      const own = mine(gradients);
      for (const { weight, bias, out, part } of projections)
        weightGradient(plan, part === 'v' ? value : read, out.gradient!, { W: own[weight]!, b: own[bias] });
      ops.linearBackwardInput(v.out.gradient!, v.transposed!, init, gradient!);
      ops.linearBackwardInput(q.out.gradient!, q.transposed!, positionRows ? null : gradient, dRead!);
      ops.linearBackwardInput(k.out.gradient!, k.transposed!, dRead, dRead!);
      if (!positionRows) return;
      ops.add(dPositionRows!, dRead!, dPositionRows!);
      ops.add(gradient!, dRead!, gradient!);
    },
  };
}

function planInputsOfHeads(
  plan: Plan,
  mine: Mine,
  { layer, projections }: { layer: number; projections: readonly Projection[] },
): Steps {
  plan.reading.bypassed = true;
  const parts = projections.map((projection) => planInputOfHeads(plan, mine, { layer, projection }));
  return {
    forward: () => {
      for (const part of parts) part.forward();
    },
    backward: (gradients) => {
      for (const part of parts) part.backward(gradients);
    },
  };
}

function planInputOfHeads(
  plan: Plan,
  mine: Mine,
  { layer, projection }: { layer: number; projection: Projection },
): Steps {
  const { ops, config, stream, dStream, rowOfHead, dPositionRows } = plan;
  const { part, W, b, transposed, out, weight, bias } = projection;
  const positionRows = part === 'v' ? null : plan.positionRows;
  const name = `blocks.${layer}.hook_${part}_input`;
  const reading = plan.reading.forHeads(name, { own: positionRows !== null });
  const positionsPerHead =
    positionRows && plan.shared('positions per head', 'positions per head', (shapes, n) => shapes.headStream(n));
  const value = reading.value.rowsJoined(config.nHeads);
  const dValue = reading.dValue?.rowsJoined(config.nHeads);
  const [c, d] = [padded(config.dHead), padded(config.dModel)];
  const eachHead = (visit: (head: number) => void): void => {
    for (let head = 0; head < config.nHeads; head++) visit(head);
  };
  return {
    forward: () => {
      ops.gatherRows(stream, rowOfHead, reading.input);
      plan.see(reading.input);
      const read = reading.forward();
      if (positionRows && positionsPerHead) {
        ops.gatherRows(positionRows, rowOfHead, positionsPerHead);
        ops.add(read, positionsPerHead, reading.value);
      }
      eachHead((head) =>
        ops.linear(
          value.columns(head * d, d),
          W.columns(head * c, c),
          b?.columns(head * c, c) ?? null,
          out.value.columns(head * c, c),
        ),
      );
    },
    backward: (gradients) => {
      const own = mine(gradients);
      eachHead((head) => {
        const dOut = out.gradient!.columns(head * c, c);
        const into = { W: own[weight]!.columns(head * c, c), b: own[bias]?.columns(head * c, c) };
        weightGradient(plan, value.columns(head * d, d), dOut, into);
        ops.linearBackwardInput(dOut, transposed!.rowRange(head * c, c), null, dValue!.columns(head * d, d));
      });
      if (positionRows) ops.scatterAddRows(reading.dValue!, rowOfHead, dPositionRows!);
      reading.backward(gradients);
      plan.seeGradient(reading.dInput!);
      ops.scatterAddRows(reading.dInput!, rowOfHead, dStream!);
    },
  };
}
