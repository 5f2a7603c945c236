// The attention-only transformer, forward and backward, as a program over operations. Read it as the model's definition:
// each line computes one named activation, and `see` lets a watcher look at it or change it before the next line uses it.
// Training is this program with nobody watching.

import type { Ops } from '../engine/ops.ts';
import { isTrained } from '../engine/targets.ts';
import { type Arena, padded, type Tensor } from '../engine/tensor.ts';
import {
  Activations,
  type BlockActivations,
  type BlockGradients,
  type Extent,
  type PlanOptions,
  type SplitInput,
} from './activations.ts';
import { learnsPositions, type ModelConfig } from './config.ts';
import type { BlockParameters, Parameters } from './parameters.ts';

/** Is shown each activation as it appears, and each activation's gradient, both under the hook's name. */
export interface Watcher {
  forward?(activation: Tensor): void;
  backward?(gradient: Tensor): void;
  /** Whether LayerNorm must be applied anew because a hook may have changed its scale. */
  changesScale?: boolean;
  /** Whether a LayerNorm's output before gain and shift must be computed apart because somebody looks at or changes it. */
  seesNormalized?: boolean;
}

/** One LayerNorm's weights and activations; without LayerNorm all null but what is read. */
interface Norm {
  readonly gain: Tensor | null;
  readonly shift: Tensor | null;
  readonly stats: Tensor | null;
  readonly scale: Tensor | null;
  readonly unit: Tensor | null;
  readonly normalized: Tensor;
}

/** Wᵀ of each matrix that the backward pass multiplies by. */
interface Transposed {
  W_Q: Tensor;
  W_K: Tensor;
  W_V: Tensor;
  W_O: Tensor;
}

export class Program {
  readonly config: ModelConfig;
  readonly extent: Extent;
  readonly weights: Parameters;
  readonly activations: Activations;
  watcher: Watcher | null = null;
  private readonly ops: Ops;
  private readonly transposed: readonly Transposed[];
  /** W_U, which a tied model derives from W_E, and its transpose. */
  private readonly W_U: Tensor;
  private readonly W_U_transposed: Tensor;
  private readonly zeroRow: Tensor;
  /** dModel ones: the gain of a LayerNorm that has none. */
  private readonly ones: Tensor;
  private derivedFrom = -1;

  constructor(options: {
    config: ModelConfig;
    extent: Extent;
    plan: PlanOptions;
    ops: Ops;
    arena: Arena;
    weights: Parameters;
  }) {
    const { config, extent, arena, weights } = options;
    this.config = config;
    this.extent = extent;
    this.ops = options.ops;
    this.weights = weights;
    this.activations = new Activations(config, arena, extent, options.plan);
    const flipped = (w: Tensor): Tensor => {
      const layout = { rows: w.width, width: padded(w.rows), shape: [w.width, w.rows], strides: [padded(w.rows), 1] };
      return arena.tensor(`transposed ${w.name}`, layout);
    };
    this.transposed = !options.plan.gradients
      ? []
      : weights.blocks.map((b) => ({
          W_Q: flipped(b.W_Q),
          W_K: flipped(b.W_K),
          W_V: flipped(b.W_V),
          W_O: flipped(b.W_O),
        }));
    this.W_U = weights.W_U ?? flipped(weights.W_E);
    this.W_U_transposed = weights.W_U ? flipped(weights.W_U) : weights.W_E;
    const d = padded(config.dModel);
    this.zeroRow = arena.tensor('zeros', { rows: 1, width: d, shape: [d], strides: [1] });
    this.ones = arena.tensor('ones', { rows: 1, width: d, shape: [config.dModel], strides: [1] });
    if (!arena.isMeasuring) this.ones.data.fill(1, 0, config.dModel);
  }

  private see(activation: Tensor): void {
    if (this.watcher !== null) this.watcher.forward?.(activation);
  }

  private seeGradient(gradient: Tensor): void {
    if (this.watcher !== null) this.watcher.backward?.(gradient);
  }

  /** Brings what is derived from the weights up to date, if they have changed. */
  private derive(): void {
    const { ops, weights } = this;
    if (this.derivedFrom === weights.version) return;
    this.derivedFrom = weights.version;
    this.transposed.forEach((t, layer) => {
      const b = weights.blocks[layer] as BlockParameters;
      ops.transpose(b.W_Q, t.W_Q);
      ops.transpose(b.W_K, t.W_K);
      ops.transpose(b.W_V, t.W_V);
      ops.transpose(b.W_O, t.W_O);
    });
    if (weights.W_U) ops.transpose(weights.W_U, this.W_U_transposed);
    else ops.transpose(weights.W_E, this.W_U);
  }

  /** activations.tokens → activations.logits */
  forward(): void {
    const { ops, weights, activations: a, config } = this;
    this.derive();
    ops.gatherRows(weights.W_E, a.tokens, a.embed);
    this.see(a.embed);
    if (a.posEmbed) {
      ops.gatherRows(weights.W_pos as Tensor, a.positions, a.posEmbed);
      this.see(a.posEmbed);
    }
    const first = a.blocks[0] as BlockActivations;
    if (first.residPre.address !== a.embed.address) ops.add(a.embed, a.posEmbed as Tensor, first.residPre);
    for (let layer = 0; layer < config.nLayers; layer++)
      this.block(a.blocks[layer] as BlockActivations, weights.blocks[layer] as BlockParameters);

    const last = (a.blocks[config.nLayers - 1] as BlockActivations).residPost;
    // biome-ignore format: weights, then activations
    this.normalize(last, { gain: weights.finalGain, shift: weights.finalBias,
      stats: a.finalStats, scale: a.finalScale, unit: a.finalUnit, normalized: a.finalNormalized });
    ops.linear(a.finalNormalized, this.W_U, weights.b_U, a.logits);
    this.see(a.logits);
  }

  private block(b: BlockActivations, w: BlockParameters): void {
    const { ops, activations: a, config } = this;
    this.see(b.residPre);
    this.normalize(b.residPre, { ...b, gain: w.lnGain, shift: w.lnBias });
    if (b.split) {
      this.splitLinear(b, w, b.split.q, w.W_Q, w.b_Q, b.q);
      this.splitLinear(b, w, b.split.k, w.W_K, w.b_K, b.k);
      this.splitLinear(b, w, b.split.v, w.W_V, w.b_V, b.v);
    } else {
      if (config.positions === 'shortformer') ops.add(b.normalized, a.posEmbed as Tensor, b.qkInput);
      ops.linear(b.qkInput, w.W_Q, w.b_Q, b.q);
      ops.linear(b.qkInput, w.W_K, w.b_K, b.k);
      ops.linear(b.normalized, w.W_V, w.b_V, b.v);
    }
    this.see(b.q);
    this.see(b.k);
    this.see(b.v);
    if (a.rotary) {
      ops.rotary(b.q, b.rotQ, a.positions, a.rotary, 1);
      ops.rotary(b.k, b.rotK, a.positions, a.rotary, 1);
      this.see(b.rotQ);
      this.see(b.rotK);
    }
    ops.attentionScores(b.rotQ, b.rotK, b.scores);
    this.see(b.scores);
    ops.causalSoftmax(b.pattern);
    this.see(b.pattern);
    ops.attentionMix(b.pattern, b.v, b.z);
    this.see(b.z);
    if (b.result) this.sumResults(b, w);
    else ops.linear(b.z, w.W_O, w.b_O, b.attnOut);
    this.see(b.attnOut);
    ops.add(b.residPre, b.attnOut, b.residPost);
    this.see(b.residPost);
  }

  /** LayerNorm, where there is one; without it `normalized` is x itself. */
  private normalize(x: Tensor, norm: Norm): void {
    const { gain, shift, stats, scale, normalized } = norm;
    if (!gain || !shift || !stats || !scale) return;
    this.ops.layerNorm(x, gain, shift, stats, normalized, this.config.eps);
    if (this.watcher === null) return;
    this.see(scale);
    if (this.watcher.changesScale) this.ops.layerNormApply(x, gain, shift, stats, normalized);
    if (this.watcher.seesNormalized) this.seeNormalized(x, norm);
  }

  /**
   * Shows x before gain and shift, which the kernel computes in one go with them; what a watcher changes there is given
   * gain and shift anew, all else keeps its bits.
   */
  private seeNormalized(x: Tensor, { gain, shift, stats, unit, normalized }: Norm): void {
    if (!gain || !shift || !stats || !unit) return;
    this.ops.layerNormApply(x, this.ones, this.zeroRow, stats, unit);
    const before = unit.data.slice();
    this.see(unit);
    const { data: after, width } = unit;
    for (let i = 0; i < before.length; i++)
      if (after[i] !== before[i])
        normalized.data[i] = (after[i] as number) * gain.data[i % width]! + shift.data[i % width]!;
  }

  /** q, k or v when every head reads a residual stream of its own. */
  private splitLinear(
    b: BlockActivations,
    w: BlockParameters,
    part: SplitInput,
    weight: Tensor,
    bias: Tensor | null,
    out: Tensor,
  ): void {
    const { ops, activations: a, config } = this;
    ops.gatherRows(b.residPre, a.rowOfHead!, part.input);
    this.see(part.input);
    let read = part.input;
    if (part.stats) {
      ops.layerNorm(part.input, w.lnGain as Tensor, w.lnBias as Tensor, part.stats, part.read, config.eps);
      read = part.read;
    }
    if (a.posPerHead && part.read.address !== part.input.address && out !== b.v) {
      ops.gatherRows(this.activations.posEmbed as Tensor, a.rowOfHead!, a.posPerHead);
      ops.add(read, a.posPerHead, part.read);
    }
    const [c, d] = [padded(config.dHead), padded(config.dModel)];
    for (let head = 0; head < config.nHeads; head++)
      ops.linear(
        part.readWide.columns(head * d, d),
        weight.columns(head * c, c),
        bias ? bias.columns(head * c, c) : null,
        out.columns(head * c, c),
      );
  }

  /** attnOut as the sum of each head's result and b_O. */
  private sumResults(b: BlockActivations, w: BlockParameters): void {
    const { ops, activations: a, config } = this;
    const [c, d] = [padded(config.dHead), padded(config.dModel)];
    for (let head = 0; head < config.nHeads; head++)
      ops.linear(b.z.columns(head * c, c), w.W_O.rowRange(head * c, c), null, b.resultWide!.columns(head * d, d));
    this.see(b.result as Tensor);
    ops.gatherRows(w.b_O ?? this.zeroRow, a.zeroIndex!, b.attnOut);
    ops.scatterAddRows(b.result as Tensor, a.rowOfHead!, b.attnOut);
  }

  /** Losses per position against activations.targets, and the gradient of their sum times `scale`. */
  loss(scale: number): void {
    const a = this.activations;
    this.ops.crossEntropy(a.logits, a.targets, a.losses, a.dLogits, scale);
  }

  /** Adds the gradients of all parameters to `gradients`. Call `forward` and `loss` before. */
  backward(gradients: Parameters): void {
    const { ops, weights, activations: a, config } = this;
    const d = a.gradients;
    if (!d) throw new Error('Program.backward: this program was planned without gradients.');
    const last = (a.blocks[config.nLayers - 1] as BlockActivations).residPost;
    this.seeGradient(a.dLogits);
    if (gradients.W_U) ops.linearBackwardWeight(a.finalNormalized, a.dLogits, gradients.W_U);
    else ops.linearBackwardWeight(a.dLogits, a.finalNormalized, gradients.W_E);
    if (gradients.b_U) ops.addColumnSums(a.dLogits, gradients.b_U);
    ops.linearBackwardInput(a.dLogits, this.W_U_transposed, null, d.finalNormalized);
    if (a.finalStats) {
      this.seeNormalizedGradient(d.finalNormalized, weights.finalGain, d.finalUnit);
      // biome-ignore format: inputs, then outputs
      ops.layerNormBackward(last, weights.finalGain!, a.finalStats, d.finalNormalized, null,
        d.residual, gradients.finalGain!, gradients.finalBias!, d.finalStats!);
      this.seeGradient(d.finalScale!);
    }
    if (d.posEmbed && d.posEmbed.address !== d.residual.address) d.posEmbed.data.fill(0);
    for (let layer = config.nLayers - 1; layer >= 0; layer--) this.blockBackward(layer, gradients);

    this.seeGradient(d.embed);
    ops.scatterAddRows(d.residual, a.tokens, gradients.W_E);
    if (!d.posEmbed) return;
    this.seeGradient(d.posEmbed);
    if (learnsPositions(config)) ops.scatterAddRows(d.posEmbed, a.positions, gradients.W_pos as Tensor);
  }

  private blockBackward(layer: number, gradients: Parameters): void {
    const { ops, weights, activations: a, config } = this;
    const b = a.blocks[layer] as BlockActivations;
    const d = a.gradients!.blocks[layer] as BlockGradients;
    const w = weights.blocks[layer] as BlockParameters;
    const wT = this.transposed[layer] as Transposed;
    const g = gradients.blocks[layer] as BlockParameters;

    this.seeGradient(d.residPost);
    this.seeGradient(d.attnOut);
    if (d.result) {
      ops.gatherRows(d.attnOut, a.rowOfHead!, d.result);
      this.seeGradient(d.result);
    }
    this.weightGradient(b.z, d.attnOut, g.W_O, g.b_O);
    ops.linearBackwardInput(d.attnOut, wT.W_O, null, d.z);
    this.seeGradient(d.z);
    ops.attentionMixBackward(b.pattern, b.v, d.z, d.pattern, d.v);
    this.seeGradient(d.pattern);
    this.scoresBackward(b, d);
    this.seeGradient(d.v);
    if (b.split) this.splitBackward(b, d, w, wT, g);
    else {
      this.weightGradient(b.qkInput, d.q, g.W_Q, g.b_Q);
      this.weightGradient(b.qkInput, d.k, g.W_K, g.b_K);
      this.weightGradient(b.normalized, d.v, g.W_V, g.b_V);
      // Without LayerNorm the block reads the residual stream itself, so that its gradient adds to the stream's directly.
      const shortformer = config.positions === 'shortformer';
      ops.linearBackwardInput(d.v, wT.W_V, b.stats ? null : d.residPre, d.normalized);
      ops.linearBackwardInput(d.q, wT.W_Q, shortformer ? null : d.normalized, d.qkInput);
      ops.linearBackwardInput(d.k, wT.W_K, d.qkInput, d.qkInput);
      if (shortformer) {
        const posEmbed = a.gradients!.posEmbed as Tensor;
        ops.add(posEmbed, d.qkInput, posEmbed);
        ops.add(d.normalized, d.qkInput, d.normalized);
      }
      if (b.stats) {
        this.seeNormalizedGradient(d.normalized, w.lnGain, d.unit);
        // biome-ignore format: inputs, then outputs
        ops.layerNormBackward(b.residPre, w.lnGain!, b.stats, d.normalized, d.residPre,
          d.residPre, g.lnGain!, g.lnBias!, d.stats!);
        this.seeGradient(d.scale!);
      }
    }
    this.seeGradient(d.residPre);
  }

  /** The gradient before gain and shift, from that after them. */
  private seeNormalizedGradient(after: Tensor, gain: Tensor | null, unit: Tensor | null): void {
    if (!this.watcher?.seesNormalized || !gain || !unit) return;
    const { data, width } = unit;
    for (let i = 0; i < data.length; i++) data[i] = after.data[i]! * gain.data[i % width]!;
    this.seeGradient(unit);
  }

  private weightGradient(x: Tensor, dy: Tensor, dw: Tensor, dBias: Tensor | null): void {
    this.ops.linearBackwardWeight(x, dy, dw);
    if (dBias) this.ops.addColumnSums(dy, dBias);
  }

  /** From the gradient of the pattern to those of q and k. */
  private scoresBackward(b: BlockActivations, d: BlockGradients): void {
    const { ops, activations: a, config } = this;
    const inverseScale = 1 / config.attnScale;
    if (this.watcher?.backward) {
      ops.causalSoftmaxBackward(b.pattern, d.pattern, 1);
      this.seeGradient(d.scores);
      ops.scale(d.scores, inverseScale);
    } else ops.causalSoftmaxBackward(b.pattern, d.pattern, inverseScale); // the same in one pass
    ops.attentionScoresBackward(d.scores, b.rotQ, b.rotK, d.rotQ, d.rotK);
    if (a.rotary) {
      this.seeGradient(d.rotQ);
      this.seeGradient(d.rotK);
      ops.rotary(d.rotQ, d.q, a.positions, a.rotary, -1);
      ops.rotary(d.rotK, d.k, a.positions, a.rotary, -1);
    }
    this.seeGradient(d.q);
    this.seeGradient(d.k);
  }

  private splitBackward(
    b: BlockActivations,
    d: BlockGradients,
    w: BlockParameters,
    wT: Transposed,
    g: BlockParameters,
  ): void {
    const { ops, activations: a, config } = this;
    const [c, size] = [padded(config.dHead), padded(config.dModel)];
    const parts = [
      { part: 'q', dOut: d.q, W: g.W_Q, bias: g.b_Q, T: wT.W_Q },
      { part: 'k', dOut: d.k, W: g.W_K, bias: g.b_K, T: wT.W_K },
      { part: 'v', dOut: d.v, W: g.W_V, bias: g.b_V, T: wT.W_V },
    ] as const;
    for (const { part, dOut, W, bias, T } of parts) {
      const input = b.split![part];
      const gradient = d.split![part];
      for (let head = 0; head < config.nHeads; head++) {
        const dHead = dOut.columns(head * c, c);
        const read = input.readWide.columns(head * size, size);
        this.weightGradient(read, dHead, W.columns(head * c, c), bias ? bias.columns(head * c, c) : null);
        ops.linearBackwardInput(dHead, T.rowRange(head * c, c), null, gradient.readWide.columns(head * size, size));
      }
      if (config.positions === 'shortformer' && part !== 'v')
        ops.scatterAddRows(gradient.read, a.rowOfHead!, a.gradients!.posEmbed as Tensor);
      if (input.stats)
        // biome-ignore format: inputs, then outputs
        ops.layerNormBackward(input.input, w.lnGain!, input.stats, gradient.read, null,
          gradient.input, g.lnGain!, g.lnBias!, gradient.stats!);
      else if (gradient.input.address !== gradient.read.address) gradient.input.data.set(gradient.read.data);
      this.seeGradient(gradient.input);
      ops.scatterAddRows(gradient.input, a.rowOfHead!, d.residPre);
    }
  }

  /** Sum of the losses that count after `loss`, and how many they are. */
  countedLoss(): { sum: number; count: number } {
    const losses = this.activations.losses.data;
    const targets = this.activations.targets.data;
    let sum = 0;
    let count = 0;
    for (let i = 0; i < targets.length; i++)
      if (isTrained(targets[i] as number)) {
        sum += losses[i] as number;
        count++;
      }
    return { sum, count };
  }
}
