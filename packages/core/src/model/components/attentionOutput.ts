// From what heads have mixed to what the layer writes: z W_O summed over heads, in one product or head by head.
import { padded, type Tensor } from '../../engine/tensor.ts';
import type { Pair } from './attention.ts';
import type { ParameterSet, Tensors } from './component.ts';
import type { Plan } from './plan.ts';

interface Output {
  derive(): void;
  forward(): void;
  backward(gradients: ParameterSet): void;
}

export function planOutput(
  plan: Plan,
  mine: (set: ParameterSet) => Tensors,
  { layer, z }: { layer: number; z: Pair },
): Output {
  const { ops } = plan;
  const name = `blocks.${layer}.hook_attn_out`;
  const { W_O, b_O = null } = mine(plan.weights) as { W_O: Tensor; b_O?: Tensor };
  const W_O_transposed = plan.options.gradients ? plan.transposed(W_O) : null;
  const dAttnOut = plan.config.parallelAttnMlp ? plan.gradientBesideMlp(name) : plan.streamGradient(name);
  const inOneGo = plan.options.unwatched && b_O === null;
  const attnOut = inOneGo ? null : plan.activation(name, 'attention output', (shapes, n) => shapes.stream(n));
  const results =
    plan.options.results.includes(layer) && attnOut
      ? planResults(plan, { layer, z: z.value, W_O, b_O, attnOut })
      : null;
  plan.add((before, after) => (attnOut ? ops.add(before, attnOut, after) : ops.linear(z.value, W_O, before, after)));
  return {
    derive: () => {
      if (W_O_transposed) ops.transpose(W_O, W_O_transposed);
    },
    forward: () => {
      if (!attnOut) return;
      if (results) results.forward();
      else ops.linear(z.value, W_O, b_O, attnOut);
      plan.see(attnOut);
    },
    backward: (gradients) => {
      const { W_O: dW_O, b_O: db_O } = mine(gradients);
      plan.seeGradientOfPart(dAttnOut!, () => {
        const dResult = results?.showGradient(dAttnOut!);
        if (db_O) ops.addColumnSums(dAttnOut!, db_O);
        if (dResult && plan.watcher?.changesGradients)
          backwardOfHeads(plan, { z, dResult, dW_O: dW_O!, W_O_transposed: W_O_transposed! });
        else {
          ops.linearBackwardWeight(z.value, dAttnOut!, dW_O!);
          ops.linearBackwardInput(dAttnOut!, W_O_transposed!, null, z.gradient!);
        }
      });
    },
  };
}

/** The same head by head, of results whose gradients are no longer one and the same. */
function backwardOfHeads(
  { ops, config }: Plan,
  { z, dResult, dW_O, W_O_transposed }: { z: Pair; dResult: Tensor; dW_O: Tensor; W_O_transposed: Tensor },
): void {
  const [c, d] = [padded(config.dHead), padded(config.dModel)];
  const wide = dResult.rowsJoined(config.nHeads);
  for (let head = 0; head < config.nHeads; head++) {
    const own = wide.columns(head * d, d);
    ops.linearBackwardWeight(z.value.columns(head * c, c), own, dW_O.rowRange(head * c, c));
    ops.linearBackwardInput(own, W_O_transposed.columns(head * c, c), null, z.gradient!.columns(head * c, c));
  }
}

interface Results {
  forward(): void;
  /** Shows each head's gradient, which is that of their sum, and gives what the watcher leaves: [batch, pos, head, dModel]. */
  showGradient(dAttnOut: Tensor): Tensor;
}

/** attnOut as the sum of each head's result and b_O. Results stay for later layers, which may have them taken out of an input. */
function planResults(
  plan: Plan,
  { layer, z, W_O, b_O, attnOut }: { layer: number; z: Tensor; W_O: Tensor; b_O: Tensor | null; attnOut: Tensor },
): Results {
  const { ops, config, rowOfHead, zeroIndex, zeroRow } = plan;
  const name = `blocks.${layer}.attn.hook_result`;
  const result = plan.shapes.headStream(name);
  const wide = result.rowsJoined(config.nHeads);
  const dResult = plan.gradient(name, 'head results', (shapes, n) => shapes.headStream(n));
  const [c, d] = [padded(config.dHead), padded(config.dModel)];
  plan.written.set(name, result);
  return {
    forward: () => {
      for (let head = 0; head < config.nHeads; head++)
        ops.linear(z.columns(head * c, c), W_O.rowRange(head * c, c), null, wide.columns(head * d, d));
      plan.see(result);
      ops.gatherRows(b_O ?? zeroRow, zeroIndex, attnOut);
      ops.scatterAddRows(result, rowOfHead, attnOut);
    },
    showGradient: (dAttnOut) => {
      ops.gatherRows(dAttnOut, rowOfHead, dResult!);
      plan.seeGradient(dResult!);
      return dResult!;
    },
  };
}
