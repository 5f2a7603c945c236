// The parts of a transformer as functions, so that a model can be put together by hand and read as its definition. They
// are the kernels that Program calls, on the same weights, so what is put together the same way has the same bits.
// Memory: the parts own it, every call takes some more, and none comes back before the parts are forgotten.
import type { Arena, Integers, Tensor } from '../engine/tensor.ts';
import { Shapes } from './activations.ts';
import { checkTokens, type Model, type Tokens } from './model.ts';
import { Parameters, widestMatrix } from './parameters.ts';

/** Functions from tensors to fresh tensors; none changes what it is given. */
export interface ModelParts {
  /** A copy of the model's weights, in the layout that the parts read. */
  readonly weights: Parameters;
  /** The tokens, and the position of each in its sequence: row numbers of W_E and of W_pos. */
  readonly tokens: Integers;
  readonly positions: Integers;
  /** One row of the table for each position: [batch, pos, dModel]. */
  rows(table: Tensor, index: Integers): Tensor;
  /** a + b, both [batch, pos, dModel]. */
  add(a: Tensor, b: Tensor): Tensor;
  /** LayerNorm over the last axis: [batch, pos, dModel]. Without a gain and a shift, x itself. */
  layerNorm(x: Tensor, gain: Tensor | null, shift: Tensor | null): Tensor;
  /** x W_Q, x W_K or x W_V for every head: [batch, pos, head, dHead]. */
  heads(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor;
  /** q·k / attnScale, −∞ where the key lies in the future: [batch, head, queryPos, keyPos]. */
  attentionScores(q: Tensor, k: Tensor): Tensor;
  /** Softmax over the keys, exact zeros in the future: [batch, head, queryPos, keyPos]. */
  causalSoftmax(scores: Tensor): Tensor;
  /** The values' average by the pattern: [batch, pos, head, dHead]. */
  mix(pattern: Tensor, v: Tensor): Tensor;
  /** Σ over heads of z W_O: [batch, pos, dModel]. */
  sumHeads(z: Tensor, W_O: Tensor, bias?: Tensor | null): Tensor;
  /** x W_U: [batch, pos, dVocab]. */
  unembed(x: Tensor, W_U: Tensor, bias?: Tensor | null): Tensor;
}

/**
 * The parts for one batch of equally long sequences. `tokens` are checked as by `Model.run`. A tied model has no W_U and
 * a rotary one no W_pos; the parts do not rotate.
 */
export function modelParts(model: Model, tokens: Tokens): ModelParts {
  const { config, engine } = model;
  const length = checkTokens(config, tokens, 'modelParts');
  const arena = engine.createArena();
  const weights = new Parameters(config, arena);
  for (const [name, { data }] of Object.entries(model.getWeights())) weights.named(name).set(data);
  const extent = { sequences: tokens.length, length };
  const attention = { ...extent, heads: config.nHeads, dHead: config.dHead, attnScale: config.attnScale };
  const ops = engine.createOps(arena, attention, widestMatrix(config));
  const make = new Shapes(config, arena, extent);
  return {
    weights,
    tokens: integers(
      arena,
      tokens.flatMap((sequence) => Array.from(sequence)),
    ),
    positions: integers(
      arena,
      tokens.flatMap((sequence) => Array.from(sequence, (_, position) => position)),
    ),
    rows: (table, index) => filled(make.stream('rows'), (out) => ops.gatherRows(table, index, out)),
    add: (a, b) => filled(make.stream('sum'), (out) => ops.add(a, b, out)),
    layerNorm: (x, gain, shift) =>
      gain && shift
        ? filled(make.stream('normalized'), (out) =>
            ops.layerNorm(x, gain, shift, make.moments('moments'), out, config.eps),
          )
        : x,
    heads: (x, weight, bias = null) => filled(make.heads('heads'), (out) => ops.linear(x, weight, bias, out)),
    attentionScores: (q, k) => filled(make.square('scores'), (out) => ops.attentionScores(q, k, out)),
    causalSoftmax: (scores) =>
      filled(make.square('pattern'), (out) => {
        out.data.set(scores.data);
        ops.causalSoftmax(out);
      }),
    mix: (pattern, v) => filled(make.heads('z'), (out) => ops.attentionMix(pattern, v, out)),
    sumHeads: (z, W_O, bias = null) => filled(make.stream('attention output'), (out) => ops.linear(z, W_O, bias, out)),
    unembed: (x, W_U, bias = null) => filled(make.vocabulary('logits'), (out) => ops.linear(x, W_U, bias, out)),
  };
}

function integers(arena: Arena, values: readonly number[]): Integers {
  const index = arena.integers(values.length);
  index.data.set(values);
  return index;
}

function filled(out: Tensor, fill: (out: Tensor) => void): Tensor {
  fill(out);
  return out;
}
