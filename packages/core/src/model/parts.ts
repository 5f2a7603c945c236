// The parts of a transformer as functions, so that a model can be put together by hand and read as its definition. They
// are the kernels that Program calls, on the same weights, so what is put together the same way has the same bits.
// Memory: the parts own it, every call takes some more, and none comes back before the parts are forgotten.
import { type Arena, Integers, Tensor } from '../engine/tensor.ts';
import { ArgumentError } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import { SCALE } from './components/hookPoint.ts';
import type { ModelConfig } from './config.ts';
import { isGrouped } from './heads.ts';
import { checkTokens, Model, type Tokens } from './model.ts';
import { Parameters } from './parameters.ts';
import { type PartWeights, partWeights } from './partWeights.ts';
import { Shapes } from './shapes.ts';

/** Functions from tensors to fresh tensors; none changes what it is given. */
export interface ModelParts {
  /** A copy of the model's weights, in the layout that the parts read. */
  readonly weights: PartWeights;
  /** The tokens, row numbers of W_E: [batch, pos]. */
  readonly tokens: Integers;
  /** Where each token stands in its sequence, from 0, row numbers of W_pos: [batch, pos]. */
  readonly positions: Integers;
  /**
   * One row of the table for each position: [batch, pos, dModel].
   * @param index Which rows: [batch, pos], such as `tokens` for W_E.
   */
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
 * a rotary one no W_pos; the parts do not rotate. Throws an ArgumentError for a model with parts that are not among them, and a part throws an ArgumentError for a tensor of another shape than it reads.
 */
export function modelParts(model: Model, tokens: Tokens): ModelParts {
  if (!(model instanceof Model)) throw new ArgumentError(`modelParts: model must be a Model, got ${quoted(model)}.`);
  const { config, engine } = model;
  checkParts(config);
  const length = checkTokens(config, tokens, 'modelParts');
  const arena = engine.createArena();
  const parameters = new Parameters(config, arena);
  for (const [name, { data }] of Object.entries(model.getWeights())) parameters.named(name).set(data);
  const extent = { sequences: tokens.length, length };
  const ops = engine.opsFor(config, extent, arena);
  const make = new Shapes(config, arena, extent);
  const { nHeads, dModel, dHead, dVocab } = config;
  const { sequences } = extent;
  const stream = [sequences, length, dModel];
  const head = [sequences, length, nHeads, dHead];
  const square = [sequences, nHeads, length, length];
  const check = checker(arena);
  return {
    weights: partWeights(config, parameters),
    tokens: integers(
      arena,
      tokens.flatMap((sequence) => Array.from(sequence)),
    ),
    positions: integers(
      arena,
      tokens.flatMap((sequence) => Array.from(sequence, (_, position) => position)),
    ),
    rows: (table, index) => {
      check('rows', { table: [table, [null, dModel]] });
      checkIndex(index, { count: sequences * length, rows: table.shape[0] as number });
      return filled(make.stream('rows'), (out) => ops.gatherRows(table, index, out));
    },
    add: (a, b) => {
      check('add', { a: [a, stream], b: [b, stream] });
      return filled(make.stream('sum'), (out) => ops.add(a, b, out));
    },
    layerNorm: (x, gain, shift) => {
      check('layerNorm', { x: [x, stream] });
      if (gain === null && shift === null) return x;
      check('layerNorm', { gain: [gain, [dModel]], shift: [shift, [dModel]] });
      return filled(make.stream('normalized'), (out) =>
        ops.layerNorm({
          ...{ x, gain: gain as Tensor, bias: shift as Tensor },
          ...{ stats: make.of(SCALE, 'moments'), normalized: out, eps: config.eps },
        }),
      );
    },
    heads: (x, weight, bias = null) => {
      check('heads', { x: [x, stream], weight: [weight, [nHeads, dModel, dHead]] });
      if (bias) check('heads', { bias: [bias, [nHeads, dHead]] });
      return filled(make.heads('heads'), (out) => ops.linear(x, weight, bias, out));
    },
    attentionScores: (q, k) => {
      check('attentionScores', { q: [q, head], k: [k, head] });
      return filled(make.square('scores'), (out) => ops.attentionScores(q, k, out));
    },
    causalSoftmax: (scores) => {
      check('causalSoftmax', { scores: [scores, square] });
      return filled(make.square('pattern'), (out) => {
        out.data.set(scores.data);
        ops.causalSoftmax(out);
      });
    },
    mix: (pattern, v) => {
      check('mix', { pattern: [pattern, square], v: [v, head] });
      return filled(make.heads('z'), (out) => ops.attentionMix(pattern, v, out));
    },
    sumHeads: (z, W_O, bias = null) => {
      check('sumHeads', { z: [z, head], W_O: [W_O, [nHeads, dHead, dModel]] });
      if (bias) check('sumHeads', { bias: [bias, [dModel]] });
      return filled(make.stream('attention output'), (out) => ops.linear(z, W_O, bias, out));
    },
    unembed: (x, W_U, bias = null) => {
      check('unembed', { x: [x, stream], W_U: [W_U, [dModel, dVocab]] });
      if (bias) check('unembed', { bias: [bias, [dVocab]] });
      return filled(make.vocabulary('logits'), (out) => ops.linear(x, W_U, bias, out));
    },
  };
}

/** What a part reads, by the name of its argument: the tensor, and the shape it must have; null stands for any size. */
type Wanted = Record<string, readonly [tensor: unknown, shape: readonly (number | null)[]]>;

/** A tensor of other parts would be read from this memory at an address that means something else here. */
const checker =
  (arena: Arena) =>
  (part: string, wanted: Wanted): void => {
    for (const [name, [tensor, shape]] of Object.entries(wanted)) {
      const wants = `[${shape.map((size) => size ?? 'rows').join(', ')}]`;
      if (!(tensor instanceof Tensor) || !tensor.livesIn(arena))
        throw new ArgumentError(
          `${part}: ${name} must be a tensor of these parts, of shape ${wants}, got ${tensor instanceof Tensor ? 'one of other parts' : quoted(tensor)}.`,
        );
      if (tensor.shape.length !== shape.length || shape.some((size, i) => size !== null && size !== tensor.shape[i]))
        throw new ArgumentError(
          `${part}: ${name} must have shape ${wants}, got ${tensor.name} of shape [${tensor.shape.join(', ')}].`,
        );
    }
  };

function checkIndex(index: Integers, { count, rows }: { count: number; rows: number }): void {
  if (!(index instanceof Integers) || index.length !== count)
    throw new ArgumentError(
      `rows: index must be the parts' tokens or positions, ${count} row numbers, got ${quoted(index)}.`,
    );
  const wrong = index.data.find((row) => row < 0 || row >= rows);
  if (wrong !== undefined)
    throw new ArgumentError(`rows: index names row ${wrong}; the table has rows 0 to ${rows - 1}.`);
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

/** Throws an ArgumentError where the model has something that none of the parts computes. */
function checkParts(config: ModelConfig): void {
  const missing = [
    ...(config.dMlp === undefined ? [] : ['MLPs']),
    ...(config.normalization === 'RMS' ? ['RMSNorm'] : []),
    ...(isGrouped(config) ? ['heads that share keys and values'] : []),
    ...(config.qkNorm ? ['normalised queries and keys'] : []),
    ...(config.positions === 'alibi' ? ['ALiBi positions'] : []),
  ];
  if (missing.length > 0)
    throw new ArgumentError(
      `modelParts: there are no parts for ${missing.join(' and ')}, which this model has; use model.run.`,
    );
}
