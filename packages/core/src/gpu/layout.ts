// Where everything lies in the buffers of an ensemble, in vec4s: the parameters of a member as the kernels in WebAssembly
// have them too, and what one workgroup computes of a sequence.
import { Arena, padded } from '../engine/tensor.ts';
import type { ModelConfig } from '../model/config.ts';
import { Parameters } from '../model/parameters.ts';

/** Invocations of a workgroup. */
export const WORKGROUP = 256;

/**
 * Workgroups among which a member's batch is divided, at most. Its order of summation and so its bits depend on it, but
 * not on how many members train together.
 */
const GROUPS = 16;

export interface Sizes {
  readonly layers: number;
  readonly heads: number;
  /** Positions that predict: all but the last of the context. */
  readonly positions: number;
  /** The same as whole tiles of four. */
  readonly rows: number;
  /** dModel, and the vocabulary: numbers that count. */
  readonly model: number;
  readonly vocab: number;
  /** Widths of rows in vec4s: the stream, one head, all heads, logits. */
  readonly model4: number;
  readonly head4: number;
  readonly heads4: number;
  readonly vocab4: number;
}

/** Offsets of weights from the start of a member's parameters. Layers lie `stride` apart; the first one's are given. */
export interface WeightOffsets {
  readonly W_E: number;
  readonly W_pos: number | null;
  readonly gain: number | null;
  readonly shift: number | null;
  readonly W_Q: number;
  readonly W_O: number;
  /** From W_Q to W_K, and from W_K to W_V. */
  readonly nextInput: number;
  readonly b_Q: number | null;
  readonly nextBias: number;
  readonly b_O: number | null;
  readonly finalGain: number | null;
  readonly finalShift: number | null;
  /** null where W_U is the transpose of W_E. */
  readonly W_U: number | null;
  readonly b_U: number | null;
  readonly stride: number;
}

/** Offsets of what a workgroup computes. Layers lie `stride` apart; the first one's are given. */
export interface ScratchOffsets {
  /** The stream before each layer and at the end, [layer + 1][rows, dModel]; and (1 / scale, mean) of its rows. */
  readonly stream: number;
  readonly moments: number;
  /** Queries, keys, values, what heads read out: [rows, heads]; and of each query (log of the softmax's sum, Σ z · dz). */
  readonly Q: number;
  readonly Z: number;
  readonly soft: number;
  readonly stride: number;
  /** Logits, then their gradient. */
  readonly logits: number;
  /** Gradients of the stream, of what a part reads of it, of Z, of Q, K and V. */
  readonly dStream: number;
  readonly dRead: number;
  readonly dZ: number;
  readonly dQ: number;
  /** The operand of a product where workgroup memory is too small for it. */
  readonly tile: number;
}

export interface Layout {
  readonly config: ModelConfig;
  readonly batch: number;
  readonly groups: number;
  readonly sizes: Sizes;
  readonly weights: WeightOffsets;
  readonly scratch: ScratchOffsets;
  /** vec4s of a member's parameters, and of a workgroup's scratch. */
  readonly parameters4: number;
  readonly scratch4: number;
  /** vec4s of the operand that a product reads again and again. */
  readonly tile4: number;
  /** Workgroups that update a member. */
  readonly updateGroups: number;
}

/** A member's parameters without memory: names, shapes, addresses in bytes. */
export const parametersOf = (config: ModelConfig): Parameters => new Parameters(config, Arena.withoutMemory(4, 0));

/** Lays out a model (one that `refusalOf` has nothing against) and a batch. */
export function layoutOf(config: ModelConfig, batch: number): Layout {
  const sizes = sizesOf(config);
  const parameters = parametersOf(config);
  const { scratch, scratch4 } = scratchOf(sizes);
  const parameters4 = parameters.length / 4;
  return {
    ...{ config, batch, sizes, scratch, scratch4, parameters4 },
    groups: Math.min(batch, GROUPS),
    weights: offsetsOf(config, parameters),
    tile4: tileOf(sizes),
    updateGroups: Math.ceil(parameters4 / WORKGROUP),
  };
}

function sizesOf({ nLayers, nHeads, dModel, dHead, nCtx, dVocab }: ModelConfig): Sizes {
  const head4 = padded(dHead) / 4;
  return {
    layers: nLayers,
    heads: nHeads,
    positions: nCtx - 1,
    rows: padded(nCtx - 1),
    model: dModel,
    vocab: dVocab,
    model4: padded(dModel) / 4,
    head4,
    heads4: nHeads * head4,
    vocab4: padded(dVocab) / 4,
  };
}

/** Large enough for a product's operand, and for two vec4s of each invocation. */
const tileOf = ({ rows, model4, heads4, vocab4 }: Sizes): number =>
  Math.max(rows * Math.max(model4, heads4, vocab4), 2 * WORKGROUP);

function offsetsOf({ nLayers }: ModelConfig, parameters: Parameters): WeightOffsets {
  const byName = new Map(parameters.all.map(({ name, address }) => [name, address / 16]));
  const find = (name: string): number | null => byName.get(name) ?? null;
  const at = (name: string): number => byName.get(name)!;
  const stride = nLayers > 1 ? at('blocks.1.attn.W_Q') - at('blocks.0.attn.W_Q') : 0;
  const block = (name: string): string => `blocks.0.${name}`;
  const b_Q = find(block('attn.b_Q'));
  return {
    W_E: at('embed.W_E'),
    W_pos: find('pos_embed.W_pos'),
    gain: find(block('ln1.w')),
    shift: find(block('ln1.b')),
    W_Q: at(block('attn.W_Q')),
    W_O: at(block('attn.W_O')),
    nextInput: at(block('attn.W_K')) - at(block('attn.W_Q')),
    b_Q,
    nextBias: b_Q === null ? 0 : at(block('attn.b_K')) - b_Q,
    b_O: find(block('attn.b_O')),
    finalGain: find('ln_final.w'),
    finalShift: find('ln_final.b'),
    W_U: find('unembed.W_U'),
    b_U: find('unembed.b_U'),
    stride,
  };
}

function scratchOf(sizes: Sizes): { scratch: ScratchOffsets; scratch4: number } {
  const { layers, heads, positions, rows, model4, heads4, vocab4 } = sizes;
  let top = 0;
  const take = (vec4s: number): number => {
    top += vec4s;
    return top - vec4s;
  };
  const stream = take((layers + 1) * rows * model4);
  const moments = take((layers + 1) * rows);
  const Q = take(3 * rows * heads4);
  const Z = take(rows * heads4);
  const soft = take(heads * positions);
  const stride = top - Q;
  take((layers - 1) * stride);
  const scratch = {
    ...{ stream, moments, Q, Z, soft, stride },
    logits: take(rows * vocab4),
    dStream: take(rows * model4),
    dRead: take(rows * model4),
    dZ: take(rows * heads4),
    dQ: take(3 * rows * heads4),
    tile: take(tileOf(sizes)),
  };
  return { scratch, scratch4: top };
}
