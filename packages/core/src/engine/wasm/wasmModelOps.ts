// A model's operations over the WebAssembly kernels: addresses and strides, nothing else.

import { ACTIVATIONS, type Activation } from '../activations.ts';
import {
  type ActivationGradient,
  type Extent,
  type Gate,
  groupSize,
  type LayerNorm,
  type LayerNormGradient,
  type ModelOps,
  type ModelSizes,
  type RotaryTables,
  widestMatrix,
} from '../modelOps.ts';
import { type Arena, type Integers, padded, type Tensor } from '../tensor.ts';
import type { Kernels } from './kernels.ts';
import { WasmTableOps } from './wasmTableOps.ts';

/** For operations that only take their space. */
export const NO_KERNELS: Kernels = {} as Kernels;

/** Floats of the block or slab of a matrix that large products pack (assembly/largeGemm.ts). */
const blockOf = (widest: number): number =>
  padded(widest) ** 2 > 2 ** 16 ? 98_304 + 2 * 1536 : (Math.min(576, widest) + 2) * Math.min(96, widest + 4);

export class WasmModelOps extends WasmTableOps implements ModelOps {
  private readonly extent: Extent;
  private readonly sizes: ModelSizes;
  protected readonly zeros: number;
  private readonly packing: number;
  private readonly scratch: number;
  /** Padded dHead: what the kernels call headSize. */
  private readonly headSize: number;

  /** Scratch memory comes from the arena. */
  constructor(kernels: Kernels, { sizes, extent, arena }: { sizes: ModelSizes; extent: Extent; arena: Arena }) {
    super(kernels);
    this.extent = extent;
    this.sizes = sizes;
    this.headSize = padded(sizes.dHead);
    const widest = widestMatrix(sizes);
    const rows = extent.sequences * extent.length;
    this.zeros = arena.bytes(4 * padded(Math.max(widest, extent.length)));
    this.packing = arena.bytes(
      4 * Math.max(blockOf(widest), 8 * Math.max(widest, rows) + padded(widest) * padded(rows)),
    );
    this.scratch = arena.bytes(4 * this.headSize * padded(extent.length));
  }

  add(a: Tensor, b: Tensor, out: Tensor): void {
    this.kernels.add(out.rows * out.width, a.address, b.address, out.address);
  }

  scale(a: Tensor, factor: number): void {
    this.kernels.scale(a.rows * a.width, a.address, factor);
  }

  gatherRows(table: Tensor, index: Integers, out: Tensor): void {
    this.kernels.gatherRows(out.rows, out.width, table.address, index.address, out.address);
  }

  scatterAddRows(grad: Tensor, index: Integers, table: Tensor): void {
    this.kernels.scatterAddRows(grad.rows, grad.width, grad.address, index.address, table.address);
  }

  linear(x: Tensor, w: Tensor, init: Tensor | null, y: Tensor): void {
    const eachRow = init && init.rows === y.rows ? init.stride : 0;
    // biome-ignore format: one line per matrix
    this.kernels.gemm(x.rows, w.width, w.rows, x.address, x.stride, 1,
      w.address, w.stride, y.address, y.stride, init ? init.address : this.zeros, eachRow, this.packing);
  }

  linearTransposed(x: Tensor, wTransposed: Tensor, init: Tensor | null, y: Tensor): void {
    const [rows, columns] = wTransposed.shape as [number, number];
    // biome-ignore format: one line per matrix
    this.kernels.gemmTransposed(x.rows, rows, columns, x.address, x.stride,
      wTransposed.address, wTransposed.stride, y.address, y.stride, init ? init.address : this.zeros, 0, this.packing, this.zeros);
  }

  linearBackwardInput(dy: Tensor, wTransposed: Tensor, init: Tensor | null, dx: Tensor): void {
    this.linear(dy, wTransposed, init, dx);
  }

  linearBackwardWeight(x: Tensor, dy: Tensor, dw: Tensor): void {
    // biome-ignore format: one line per matrix
    this.kernels.gemm(dw.rows, dy.width, x.rows, x.address, 1, x.stride,
      dy.address, dy.stride, dw.address, dw.stride, dw.address, dw.stride, this.packing);
  }

  addColumnSums(grad: Tensor, out: Tensor): void {
    this.kernels.addColumnSums(grad.rows, grad.width, grad.stride, grad.address, out.address);
  }

  transpose(w: Tensor, out: Tensor): void {
    this.kernels.transpose(w.rows, w.width, w.address, w.stride, out.address, out.stride, 1);
  }

  layerNorm({ x, gain, bias, stats, normalized, eps, centred = true }: Parameters<ModelOps['layerNorm']>[0]): void {
    const size = gain.shape[0] as number;
    // biome-ignore format: inputs, then outputs
    this.kernels.layerNorm(x.rows, size, x.address, gain.address, bias.address,
      normalized.address, stats.address, eps, centred ? 1 : 0);
  }

  layerNormApply({ x, gain, bias, stats, normalized }: LayerNorm): void {
    const size = gain.shape[0] as number;
    this.kernels.layerNormApply(x.rows, size, x.address, gain.address, bias.address, normalized.address, stats.address);
  }

  layerNormBackward(gradient: LayerNormGradient & { centred?: boolean }): void {
    const { x, gain, stats, dNormalized, init, dx, dGain, dBias, dStats, centred = true } = gradient;
    const size = gain.shape[0] as number;
    // biome-ignore format: inputs, then outputs
    this.kernels.layerNormBackward(x.rows, size, x.address, gain.address, stats.address, dNormalized.address,
      init ? init.address : this.zeros, init ? init.stride : 0, dx.address, dGain.address, dBias.address, dStats.address,
      centred ? 1 : 0);
  }

  activate(kind: Activation, pre: Tensor, gate: Gate | null, post: Tensor): void {
    // biome-ignore format: sizes, then addresses
    this.kernels.activate(pre.rows, pre.width, ACTIVATIONS.indexOf(kind),
      pre.address, gate ? gate.linear.address : 0, gate ? gate.bias.address : 0, post.address);
  }

  activateBackward(kind: Activation, { pre, dPost, dPre, gate }: ActivationGradient): void {
    // biome-ignore format: sizes, then addresses
    this.kernels.activateBackward(pre.rows * pre.width, ACTIVATIONS.indexOf(kind), pre.address,
      gate ? gate.linear.address : 0, dPost.address, dPre.address, gate ? gate.dLinear.address : 0);
  }

  rotary(input: Tensor, output: Tensor, positions: Integers, tables: RotaryTables, direction: 1 | -1): void {
    // biome-ignore format: sizes, then addresses
    this.kernels.rotary(input.rows, input.width / this.headSize, this.headSize, tables.half,
      input.address, output.address, positions.address, tables.table.address, direction, tables.adjacent ? 1 : 0);
  }

  attentionScores(q: Tensor, k: Tensor, scores: Tensor): void {
    const { sequences, length } = this.extent;
    const { nHeads, attnScale } = this.sizes;
    // biome-ignore format: sizes, then addresses
    this.kernels.attentionScores(sequences, length, nHeads, groupSize(q, k), this.headSize,
      q.address, k.address, scores.address, 1 / attnScale, this.scratch, this.zeros);
  }

  attentionScoresBackward(dScores: Tensor, q: Tensor, k: Tensor, dq: Tensor, dk: Tensor): void {
    const { sequences, length } = this.extent;
    const { nHeads } = this.sizes;
    // biome-ignore format: sizes, then addresses
    this.kernels.attentionScoresBackward(sequences, length, nHeads, groupSize(q, k), this.headSize,
      dScores.address, q.address, k.address, dq.address, dk.address, this.zeros);
  }

  causalSoftmax(scores: Tensor): void {
    const { sequences, length } = this.extent;
    const { nHeads } = this.sizes;
    this.kernels.causalSoftmax(sequences * nHeads, length, scores.address);
  }

  causalSoftmaxBackward(pattern: Tensor, dPattern: Tensor, factor: number): void {
    const { sequences, length } = this.extent;
    const { nHeads } = this.sizes;
    this.kernels.causalSoftmaxBackward(sequences * nHeads, length, pattern.address, dPattern.address, factor);
  }

  attentionMix(pattern: Tensor, v: Tensor, z: Tensor): void {
    const { sequences, length } = this.extent;
    const { nHeads } = this.sizes;
    // biome-ignore format: sizes, then addresses
    this.kernels.attentionMix(sequences, length, nHeads, groupSize(z, v), this.headSize,
      pattern.address, v.address, z.address, this.zeros);
  }

  attentionMixBackward(pattern: Tensor, v: Tensor, dz: Tensor, dPattern: Tensor, dv: Tensor): void {
    const { sequences, length } = this.extent;
    const { nHeads } = this.sizes;
    // biome-ignore format: sizes, then addresses
    this.kernels.attentionMixBackward(sequences, length, nHeads, groupSize(dz, v), this.headSize,
      pattern.address, v.address, dz.address, dPattern.address, dv.address, this.scratch, this.zeros);
  }

  crossEntropy(logits: Tensor, targets: Integers, losses: Tensor, dLogits: Tensor | null, scale: number): void {
    const vocabulary = logits.shape[2] as number;
    // biome-ignore format: sizes, then addresses
    this.kernels.crossEntropy(logits.rows, vocabulary,
      logits.address, targets.address, losses.address, dLogits ? dLogits.address : 0, scale);
  }
}
