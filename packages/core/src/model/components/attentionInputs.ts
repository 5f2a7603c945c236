// Queries, keys and values: from what all heads of the layer read together, or, where somebody wants to change what one
// head reads, from a copy of the residual stream for each head and each of Q, K and V.
import { padded, type Tensor } from '../../engine/tensor.ts';
import { keyValueHeadOf } from '../heads.ts';
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
  return plan.options.splitInputs.includes(of.layer)
    ? planInputsOfHeads(plan, mine, of)
    : planCommonInput(plan, mine, of);
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
  { layer, projections }: { layer: number; projections: Projections },
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
      ops.linear(read, q.W, q.b, q.out.value);
      ops.linear(read, k.W, k.b, k.out.value);
      ops.linear(value, v.W, v.b, v.out.value);
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
  { layer, projections }: { layer: number; projections: Projections },
): Steps {
  plan.reading.bypassed = true;
  const shared = planSharedInput(plan, layer);
  const parts = projections.map((projection) => planInputOfHeads(plan, mine, { layer, projection, shared }));
  return {
    forward: () => {
      shared?.forward();
      for (const part of parts) part.forward();
    },
    backward: (gradients) => {
      shared?.clear();
      for (const part of parts) part.backward(gradients);
      shared?.backward();
    },
  };
}

/** Each head's copy of the stream that its queries, keys and values are taken from. */
interface SharedInput {
  readonly value: Tensor;
  readonly gradient: Tensor | null;
  forward(): void;
  clear(): void;
  backward(): void;
}

function planSharedInput(plan: Plan, layer: number): SharedInput | null {
  if (!plan.options.attentionInputs?.includes(layer)) return null;
  const { ops, stream, dStream, rowOfHead } = plan;
  const name = `blocks.${layer}.hook_attn_in`;
  const value = plan.activation(name, 'attention input', (shapes, n) => shapes.headStream(n));
  const gradient = plan.gradient(name, 'attention input', (shapes, n) => shapes.headStream(n));
  return {
    ...{ value, gradient },
    forward: () => {
      ops.gatherRows(stream, rowOfHead, value);
      plan.see(value);
    },
    clear: () => void gradient!.data.fill(0),
    backward: () => {
      plan.seeGradient(gradient!);
      ops.scatterAddRows(gradient!, rowOfHead, dStream!);
    },
  };
}

function planInputOfHeads(
  plan: Plan,
  mine: Mine,
  { layer, projection, shared }: { layer: number; projection: Projection; shared: SharedInput | null },
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
  /** Visits every head, with the number of its weights among those of the part. */
  const eachHead = (visit: (head: number, own: number) => void): void => {
    for (let head = 0; head < config.nHeads; head++) visit(head, part === 'q' ? head : keyValueHeadOf(config, head));
  };
  return {
    forward: () => {
      if (shared) reading.input.data.set(shared.value.data);
      else ops.gatherRows(stream, rowOfHead, reading.input);
      plan.see(reading.input);
      const read = reading.forward();
      if (positionRows && positionsPerHead) {
        ops.gatherRows(positionRows, rowOfHead, positionsPerHead);
        ops.add(read, positionsPerHead, reading.value);
      }
      eachHead((head, own) =>
        ops.linear(
          value.columns(head * d, d),
          W.columns(own * c, c),
          b?.columns(own * c, c) ?? null,
          out.value.columns(head * c, c),
        ),
      );
    },
    backward: (gradients) => {
      const { [weight]: dW, [bias]: db } = mine(gradients);
      eachHead((head, own) => {
        const dOut = out.gradient!.columns(head * c, c);
        const into = { W: dW!.columns(own * c, c), b: db?.columns(own * c, c) };
        weightGradient(plan, value.columns(head * d, d), dOut, into);
        ops.linearBackwardInput(dOut, transposed!.rowRange(own * c, c), null, dValue!.columns(head * d, d));
      });
      if (positionRows) ops.scatterAddRows(reading.dValue!, rowOfHead, dPositionRows!);
      reading.backward(gradients);
      plan.seeGradient(reading.dInput!);
      if (shared) ops.add(shared.gradient!, reading.dInput!, shared.gradient!);
      else ops.scatterAddRows(reading.dInput!, rowOfHead, dStream!);
    },
  };
}
