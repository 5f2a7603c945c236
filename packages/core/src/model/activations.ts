// The buffer plan: every activation of a few sequences, named as in TransformerLens, and the gradients flowing back.
import type { RotaryTables } from '../engine/ops.ts';
import { type Arena, type Integers, type Layout, padded, type Tensor } from '../engine/tensor.ts';
import type { ModelConfig } from './config.ts';
import { rotaryTable } from './positions.ts';

/** How many sequences of which length run together: 1 in training (a cache-sized workspace), a batch under study. */
export interface Extent {
  sequences: number;
  length: number;
}

/** What a plan holds besides the necessary. */
export interface PlanOptions {
  gradients: boolean;
  /** The layers with each head's own output (`hook_result`); with gradients all or none. */
  results: readonly number[];
  /** The layers with a copy of the residual stream for each head's Q, K and V (`hook_q_input` ...); with gradients all or none. */
  splitInputs: readonly number[];
}

/** One of Q, K, V with an input of its own for every head. `wide` matrices have a head's input in columns. */
export interface SplitInput {
  input: Tensor;
  inputWide: Tensor;
  stats: Tensor | null;
  /** After LayerNorm (and shortformer positions): what W_Q, W_K or W_V reads. */
  read: Tensor;
  readWide: Tensor;
}

export interface BlockActivations {
  residPre: Tensor;
  /** (scale, mean) of each row; null without LayerNorm, as is `scale`, a view of its first column. */
  stats: Tensor | null;
  scale: Tensor | null;
  /** Before gain and shift (`hook_normalized`): scratch that all LayerNorms share, filled when somebody looks; or null. */
  unit: Tensor | null;
  /** After gain and shift, what the block reads: the residual stream itself without LayerNorm. */
  normalized: Tensor;
  /** What W_Q and W_K read: `normalized`, with shortformer positions added. */
  qkInput: Tensor;
  split: { q: SplitInput; k: SplitInput; v: SplitInput } | null;
  q: Tensor;
  k: Tensor;
  v: Tensor;
  /** q and k as the scores see them: rotated, or q and k themselves. */
  rotQ: Tensor;
  rotK: Tensor;
  /** Scores until the softmax turns them into the pattern, in place. */
  scores: Tensor;
  pattern: Tensor;
  z: Tensor;
  result: Tensor | null;
  resultWide: Tensor | null;
  attnOut: Tensor;
  residPost: Tensor;
}

/** Gradients of one block's activations under their hook names; the blocks share the memory. */
export interface BlockGradients {
  residPre: Tensor;
  scale: Tensor | null;
  stats: Tensor | null;
  unit: Tensor | null;
  normalized: Tensor;
  qkInput: Tensor;
  split: { q: SplitGradient; k: SplitGradient; v: SplitGradient } | null;
  q: Tensor;
  k: Tensor;
  v: Tensor;
  rotQ: Tensor;
  rotK: Tensor;
  scores: Tensor;
  pattern: Tensor;
  z: Tensor;
  result: Tensor | null;
  attnOut: Tensor;
  residPost: Tensor;
}

export interface SplitGradient {
  input: Tensor;
  stats: Tensor | null;
  read: Tensor;
  readWide: Tensor;
}

export interface Gradients {
  blocks: readonly BlockGradients[];
  embed: Tensor;
  posEmbed: Tensor | null;
  /** Of the residual stream, wherever the backward pass stands. */
  residual: Tensor;
  finalStats: Tensor | null;
  finalScale: Tensor | null;
  finalUnit: Tensor | null;
  finalNormalized: Tensor;
}

export class Activations {
  readonly tokens: Integers;
  /** What each position is to predict, as engine/targets.ts says it. */
  readonly targets: Integers;
  readonly positions: Integers;
  /** For split inputs and results: the row that [sequence, position, head] belongs to, and zero for every row. */
  readonly rowOfHead: Integers | null;
  readonly zeroIndex: Integers | null;
  readonly rotary: RotaryTables | null;
  readonly embed: Tensor;
  readonly posEmbed: Tensor | null;
  readonly blocks: readonly BlockActivations[];
  readonly finalStats: Tensor | null;
  readonly finalScale: Tensor | null;
  readonly finalUnit: Tensor | null;
  readonly finalNormalized: Tensor;
  readonly logits: Tensor;
  readonly losses: Tensor;
  readonly dLogits: Tensor;
  readonly gradients: Gradients | null;
  /** Scratch for one head-wise copy of the positions (split inputs with shortformer). */
  readonly posPerHead: Tensor | null;

  constructor(config: ModelConfig, arena: Arena, extent: Extent, options: PlanOptions) {
    const make = new Shapes(config, arena, extent);
    const { sequences, length } = extent;
    const { nHeads, nLayers } = config;
    const rows = sequences * length;
    const layerNorm = config.normalization === 'LN';
    const shortformer = config.positions === 'shortformer';
    const rotary = config.positions === 'rotary';
    const inStream = !rotary && !shortformer;

    this.tokens = arena.integers(rows);
    this.targets = arena.integers(rows);
    this.positions = arena.integers(rows);
    const perHead = options.results.length + options.splitInputs.length > 0;
    this.rowOfHead = perHead ? arena.integers(rows * nHeads) : null;
    this.zeroIndex = perHead ? arena.integers(rows) : null;
    this.rotary = rotary ? rotaryTable(config, arena) : null;
    this.embed = make.stream('hook_embed');
    this.posEmbed = rotary ? null : make.stream('hook_pos_embed');
    this.posPerHead = options.splitInputs.length > 0 && shortformer ? make.headStream('positions per head').tall : null;

    const unit = layerNorm ? make.stream('before gain and shift') : null;
    const blocks: BlockActivations[] = [];
    let residPre = inStream
      ? make.stream('blocks.0.hook_resid_pre')
      : make.alias(this.embed, 'blocks.0.hook_resid_pre');
    for (let layer = 0; layer < nLayers; layer++) {
      const name = (suffix: string): string => `blocks.${layer}.${suffix}`;
      const stats = layerNorm ? make.moments(name('ln1.stats')) : null;
      const normalized = layerNorm ? make.stream(name('ln1 with gain and shift')) : residPre;
      const [q, k, v] = [name('attn.hook_q'), name('attn.hook_k'), name('attn.hook_v')].map((n) => make.heads(n)) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const split = (part: 'q' | 'k' | 'v'): SplitInput => {
        const { tall, wide } = make.headStream(name(`hook_${part}_input`));
        const separate = layerNorm || (shortformer && part !== 'v');
        const read = separate ? make.headStream(name(`${part} read`)) : { tall, wide };
        const splitStats = layerNorm ? make.headMoments(name(`${part} stats`)) : null;
        return { input: tall, inputWide: wide, stats: splitStats, read: read.tall, readWide: read.wide };
      };
      const scores = make.square(name('attn.hook_attn_scores'));
      const result = options.results.includes(layer) ? make.headStream(name('attn.hook_result')) : null;
      const block: BlockActivations = {
        residPre,
        stats,
        scale: stats && make.scaleOf(stats, name('ln1.hook_scale')),
        unit: unit && make.alias(unit, name('ln1.hook_normalized')),
        normalized,
        qkInput: shortformer ? make.stream(name('input of Q and K')) : normalized,
        split: options.splitInputs.includes(layer) ? { q: split('q'), k: split('k'), v: split('v') } : null,
        q,
        k,
        v,
        rotQ: rotary ? make.heads(name('attn.hook_rot_q')) : q,
        rotK: rotary ? make.heads(name('attn.hook_rot_k')) : k,
        scores,
        pattern: make.alias(scores, name('attn.hook_pattern')),
        z: make.heads(name('attn.hook_z')),
        result: result?.tall ?? null,
        resultWide: result?.wide ?? null,
        attnOut: make.stream(name('hook_attn_out')),
        residPost: make.stream(name('hook_resid_post')),
      };
      blocks.push(block);
      residPre = make.alias(block.residPost, `blocks.${layer + 1}.hook_resid_pre`);
    }
    this.blocks = blocks;
    this.finalStats = layerNorm ? make.moments('ln_final.stats') : null;
    this.finalScale = this.finalStats && make.scaleOf(this.finalStats, 'ln_final.hook_scale');
    this.finalUnit = unit && make.alias(unit, 'ln_final.hook_normalized');
    this.finalNormalized = layerNorm ? make.stream('ln_final with gain and shift') : residPre;
    this.logits = make.vocabulary('logits');
    this.dLogits = make.vocabulary('logits');
    this.losses = make.perPosition('losses');
    this.gradients = options.gradients ? planGradients(config, make, this) : null;

    if (arena.isMeasuring) return;
    for (let i = 0; i < rows; i++) this.positions.data[i] = i % length;
    if (this.rowOfHead) for (let i = 0; i < rows * nHeads; i++) this.rowOfHead.data[i] = Math.floor(i / nHeads);
  }
}

/** All blocks pass their gradients through the same buffers, which one block's worth of cache can hold. */
function planGradients(config: ModelConfig, make: Shapes, a: Activations): Gradients {
  const layerNorm = config.normalization === 'LN';
  const shortformer = config.positions === 'shortformer';
  const first = a.blocks[0] as BlockActivations;
  const residual = make.stream('gradient of the residual stream');
  const dNormalized = layerNorm ? make.stream('') : residual;
  const dStats = layerNorm ? make.moments('') : null;
  const dQkInput = shortformer ? make.stream('') : dNormalized;
  const [dQ, dK, dV, dZ] = [make.heads(''), make.heads(''), make.heads(''), make.heads('')];
  const rotary = config.positions === 'rotary';
  const [dRotQ, dRotK] = rotary ? [make.heads(''), make.heads('')] : [dQ, dK];
  const dPattern = make.square('');
  const dResult = first.result ? make.headStream('').tall : null;
  const input = first.split ? make.headStream('').tall : null;
  const read = first.split ? make.headStream('') : null;
  const splitStats = first.split && layerNorm ? make.headMoments('') : null;
  const blocks = a.blocks.map((b): BlockGradients => {
    const of = (buffer: Tensor, activation: Tensor): Tensor => make.alias(buffer, activation.name);
    const split = (part: SplitInput): SplitGradient => {
      const tall = read?.tall as Tensor;
      const separate = part.read.address !== part.input.address;
      return {
        input: of(separate ? (input as Tensor) : tall, part.input),
        stats: splitStats,
        read: tall,
        readWide: read?.wide as Tensor,
      };
    };
    return {
      residPre: of(residual, b.residPre),
      stats: dStats,
      scale: dStats && b.scale ? make.scaleOf(dStats, b.scale.name) : null,
      unit: b.unit, // the backward pass no longer needs what the forward pass showed there
      normalized: of(dNormalized, b.normalized),
      qkInput: of(dQkInput, b.qkInput),
      split: b.split ? { q: split(b.split.q), k: split(b.split.k), v: split(b.split.v) } : null,
      q: of(dQ, b.q),
      k: of(dK, b.k),
      v: of(dV, b.v),
      rotQ: of(dRotQ as Tensor, b.rotQ),
      rotK: of(dRotK as Tensor, b.rotK),
      scores: of(dPattern, b.scores),
      pattern: of(dPattern, b.pattern),
      z: of(dZ, b.z),
      result: dResult && b.result ? of(dResult, b.result) : null,
      attnOut: of(residual, b.attnOut),
      residPost: of(residual, b.residPost),
    };
  });
  return {
    blocks,
    residual,
    embed: make.alias(residual, 'hook_embed'),
    posEmbed: a.posEmbed && (shortformer ? make.stream('hook_pos_embed') : make.alias(residual, 'hook_pos_embed')),
    finalStats: dStats,
    finalScale: dStats && make.scaleOf(dStats, 'ln_final.hook_scale'),
    finalUnit: a.finalUnit,
    finalNormalized: make.alias(dNormalized, 'ln_final with gain and shift'),
  };
}

/** The layouts of the kinds of activation, for one extent. */
export class Shapes {
  private readonly config: ModelConfig;
  private readonly arena: Arena;
  private readonly s: number;
  private readonly t: number;

  constructor(config: ModelConfig, arena: Arena, extent: Extent) {
    this.config = config;
    this.arena = arena;
    this.s = extent.sequences;
    this.t = extent.length;
  }

  alias(tensor: Tensor, name: string): Tensor {
    return tensor.at(tensor.address, name);
  }

  /** [batch, pos, dModel] */
  stream(name: string): Tensor {
    return this.rowsOf(name, this.config.dModel);
  }

  /** [batch, pos, dVocab] */
  vocabulary(name: string): Tensor {
    return this.rowsOf(name, this.config.dVocab);
  }

  private rowsOf(name: string, size: number): Tensor {
    const { s, t } = this;
    const width = padded(size);
    return this.arena.tensor(name, { rows: s * t, width, shape: [s, t, size], strides: [t * width, width, 1] });
  }

  /** [batch, pos, head, dHead] */
  heads(name: string): Tensor {
    const { s, t } = this;
    const { nHeads, dHead } = this.config;
    const c = padded(dHead);
    const width = nHeads * c;
    const layout: Layout = { rows: s * t, width, shape: [s, t, nHeads, dHead], strides: [t * width, width, c, 1] };
    return this.arena.tensor(name, layout);
  }

  /** [batch, pos, head, dModel]: `tall` has a row for each head, `wide` one for each position. */
  headStream(name: string): { tall: Tensor; wide: Tensor } {
    const { s, t } = this;
    const { nHeads, dModel } = this.config;
    const d = padded(dModel);
    const width = nHeads * d;
    const shape = [s, t, nHeads, dModel];
    const strides = [t * width, width, d, 1];
    const tall = this.arena.tensor(name, { rows: s * t * nHeads, width: d, shape, strides });
    return { tall, wide: tall.rowsJoined(nHeads) };
  }

  /** [batch, head, queryPos, keyPos] */
  square(name: string): Tensor {
    const { s, t } = this;
    const { nHeads } = this.config;
    const row = padded(t);
    const strides = [nHeads * t * row, t * row, row, 1];
    return this.arena.tensor(name, { rows: s * nHeads * t, width: row, shape: [s, nHeads, t, t], strides });
  }

  /** (scale, mean) of every row of the stream */
  moments(name: string): Tensor {
    const { s, t } = this;
    return this.arena.tensor(name, { rows: s * t, width: 2, shape: [s, t, 2], strides: [t * 2, 2, 1] });
  }

  headMoments(name: string): Tensor {
    const rows = this.s * this.t * this.config.nHeads;
    return this.arena.tensor(name, { rows, width: 2, shape: [rows, 2], strides: [2, 1] });
  }

  /** [batch, pos, 1], the scales among the moments */
  scaleOf(moments: Tensor, name: string): Tensor {
    return moments.viewed(name, { shape: [this.s, this.t, 1], strides: [this.t * 2, 2, 1] });
  }

  /** [batch, pos] */
  perPosition(name: string): Tensor {
    const { s, t } = this;
    return this.arena.tensor(name, { rows: 1, width: padded(s * t), shape: [s, t], strides: [t, 1] });
  }
}
