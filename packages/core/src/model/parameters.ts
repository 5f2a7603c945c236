// The parameters: TransformerLens's names and shapes, in one contiguous buffer, in the layouts the kernels want.
// The buffer's padding is zero and stays zero: gradients there are zero, and so is what AdamW adds.
import { type Arena, type Layout, padded, type Tensor } from '../engine/tensor.ts';
import { listed, nearest } from '../errors/names.ts';
import { printable, shortened } from '../errors/printable.ts';
import { learnsPositions, type ModelConfig, modelConfig } from './config.ts';
import { sinusoidalTable } from './positions.ts';

export interface BlockParameters {
  lnGain: Tensor | null;
  lnBias: Tensor | null;
  W_Q: Tensor;
  W_K: Tensor;
  W_V: Tensor;
  W_O: Tensor;
  b_Q: Tensor | null;
  b_K: Tensor | null;
  b_V: Tensor | null;
  b_O: Tensor | null;
}

/** One set of parameter-shaped tensors: the weights themselves, or a gradient of them. */
export class Parameters {
  /** Every stored tensor, in the order of the buffer. A tied W_U is not stored. */
  readonly all: readonly Tensor[];
  readonly W_E: Tensor;
  /** Null for rotary positions. */
  readonly W_pos: Tensor | null;
  readonly blocks: readonly BlockParameters[];
  readonly finalGain: Tensor | null;
  readonly finalBias: Tensor | null;
  /** Null when tied. */
  readonly W_U: Tensor | null;
  readonly b_U: Tensor | null;
  /** Where the buffer starts, and its length in floats, padding included. */
  readonly address: number;
  readonly length: number;
  /** Count of changes; whoever derives something from the weights compares it. Raise it with `changed`. */
  version = 0;
  private byName: ReadonlyMap<string, Tensor> | null = null;

  constructor(config: ModelConfig, arena: Arena) {
    const { nLayers, nHeads, dModel, dHead, nCtx, dVocab } = config;
    const all: Tensor[] = [];
    const d = padded(dModel);
    const c = padded(dHead);
    const hc = nHeads * c;
    const add = (name: string, layout: Layout): Tensor => {
      const tensor = arena.tensor(name, layout);
      all.push(tensor);
      return tensor;
    };
    const matrix = (name: string, rows: number, size: number): Tensor =>
      add(name, { rows, width: padded(size), shape: [rows, size], strides: [padded(size), 1] });
    const vector = (present: boolean, name: string, size: number): Tensor | null =>
      present ? add(name, { rows: 1, width: padded(size), shape: [size], strides: [1] }) : null;
    const headVector = (name: string): Tensor | null =>
      config.biases ? add(name, { rows: 1, width: hc, shape: [nHeads, dHead], strides: [c, 1] }) : null;
    // W_Q[head, i, j] lies in row i of a [dModel, heads × c] matrix, so that one product serves all heads.
    const input = (name: string): Tensor =>
      add(name, { rows: dModel, width: hc, shape: [nHeads, dModel, dHead], strides: [c, hc, 1] });
    const output = (name: string): Tensor =>
      add(name, { rows: hc, width: d, shape: [nHeads, dHead, dModel], strides: [c * d, d, 1] });
    const layerNorm = config.normalization === 'LN';

    this.address = arena.used;
    this.W_E = matrix('embed.W_E', dVocab, dModel);
    this.W_pos = config.positions === 'rotary' ? null : matrix('pos_embed.W_pos', nCtx, dModel);
    this.blocks = Array.from({ length: nLayers }, (_, layer): BlockParameters => {
      const block = `blocks.${layer}`;
      return {
        lnGain: vector(layerNorm, `${block}.ln1.w`, dModel),
        lnBias: vector(layerNorm, `${block}.ln1.b`, dModel),
        W_Q: input(`${block}.attn.W_Q`),
        W_K: input(`${block}.attn.W_K`),
        W_V: input(`${block}.attn.W_V`),
        W_O: output(`${block}.attn.W_O`),
        b_Q: headVector(`${block}.attn.b_Q`),
        b_K: headVector(`${block}.attn.b_K`),
        b_V: headVector(`${block}.attn.b_V`),
        b_O: vector(config.biases, `${block}.attn.b_O`, dModel),
      };
    });
    this.finalGain = vector(layerNorm, 'ln_final.w', dModel);
    this.finalBias = vector(layerNorm, 'ln_final.b', dModel);
    this.W_U = config.tied ? null : matrix('unembed.W_U', dModel, dVocab);
    this.b_U = vector(config.biases, 'unembed.b_U', dVocab);
    this.length = (arena.used - this.address) / arena.floatBytes;
    this.all = all;
  }

  /** The same tensors over memory handed out before, laid out like any other set of parameters. */
  static over(config: ModelConfig, arena: Arena, address: number): Parameters {
    return new Parameters(config, arena.from(address));
  }

  /** Tells everything derived from the weights that they have changed. */
  changed(): void {
    this.version++;
  }

  /** The tensor of that name. Throws an Error with the nearest names where there is none. */
  named(name: string, caller = 'Parameters'): Tensor {
    this.byName ??= new Map(this.all.map((tensor) => [tensor.name, tensor]));
    const found = this.byName.get(name);
    if (!found)
      throw new Error(
        `${caller}: no weight ${shortened(printable(String(name)))} in this model; the nearest are ${this.nearestNames(name)}.`,
      );
    return found;
  }

  private nearestNames(name: unknown): string {
    return listed(
      nearest(
        String(name),
        this.all.map((t) => t.name),
      ),
    );
  }
}

/** Weights by name, dense and row-major in TransformerLens's shapes. */
export type NamedWeights = Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>;

/** Number of parameters that are learned: fixed position tables do not count, a tied W_U counts once. */
export function parameterCount(config: ModelConfig): number {
  const complete = modelConfig(config);
  const { nLayers, nHeads, dModel, dHead, nCtx, dVocab } = complete;
  const learnedPositions = learnsPositions(complete) ? nCtx * dModel : 0;
  const layerNorm = complete.normalization === 'LN' ? 2 * dModel : 0;
  const attention = 4 * nHeads * dModel * dHead + (complete.biases ? 3 * nHeads * dHead + dModel : 0);
  const unembed = (complete.tied ? 0 : dModel * dVocab) + (complete.biases ? dVocab : 0);
  return dVocab * dModel + learnedPositions + nLayers * (attention + layerNorm) + layerNorm + unembed;
}

/** LayerNorm gains 1, a fixed position table where the model has one, everything else 0. */
export function blankWeights(config: ModelConfig, weights: Parameters): void {
  for (const tensor of weights.all) tensor.set(new Float64Array(tensor.size).fill(isGain(tensor.name) ? 1 : 0));
  if (config.positions === 'sinusoidal') weights.W_pos!.set(sinusoidalTable(config.nCtx, config.dModel));
  weights.changed();
}

/** Whether this is a LayerNorm gain. */
export const isGain = (name: string): boolean => /\bln(1|_final)\.w$/.test(name);

/** Whether training changes this weight: all but the fixed position tables. */
export const isLearned = (config: ModelConfig, name: string): boolean =>
  name !== 'pos_embed.W_pos' || learnsPositions(config);

/** Dense copies of every tensor of a set by name. */
export const namedCopies = (parameters: Parameters): NamedWeights =>
  Object.fromEntries(parameters.all.map((t) => [t.name, { shape: [...t.shape], data: t.toArray() }]));

/** The longest padded row or column of any weight matrix: what scratch space must hold. */
export const widestMatrix = (config: ModelConfig): number =>
  Math.max(padded(config.dModel), config.nHeads * padded(config.dHead), padded(config.dVocab));
