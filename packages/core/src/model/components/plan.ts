// The memory of one run: what components lay their activations out in, and where they meet. With gradients every layer keeps
// its activations for the backward pass; without, layers use the same buffers one after the other, since a watcher sees
// each activation as it appears and nobody looks back.
import type { Extent, ModelOps } from '../../engine/modelOps.ts';
import type { Arena, Integers, Layout, Tensor } from '../../engine/tensor.ts';
import type { ModelConfig } from '../config.ts';
import { Shapes } from '../shapes.ts';
import type { ParameterSet } from './component.ts';
import type { Reading } from './reading.ts';
import type { RowSum, Summand } from './rowSum.ts';

/** What a plan holds besides the necessary. */
export interface PlanOptions {
  readonly gradients: boolean;
  /** The layers with each head's own output (`hook_result`), and whose MLP's output stays; with gradients all or none. */
  readonly results: readonly number[];
  /** The layers with a copy of the residual stream for each head's Q, K and V (`hook_q_input` ...); with gradients all or none. */
  readonly splitInputs: readonly number[];
  /** Those of them with a copy that all three are taken from (`hook_attn_in`); with gradients all or none. */
  readonly attentionInputs?: readonly number[];
  /** The layers whose MLP reads a copy of the residual stream (`hook_mlp_in`); with gradients all or none. */
  readonly mlpInputs?: readonly number[];
  /**
   * Nobody will ever watch, and how many positions a step reads for each state of the weights: then what only a watcher would
   * see is left out, and tables stand for the first layer's products where they pay (rowSum.ts).
   */
  readonly unwatched?: { readonly positionsPerStep: number };
}

/** Is shown each activation as it appears, and each activation's gradient, both under the hook's name. */
export interface Watcher {
  forward?(activation: Tensor): void;
  /** With `changesGradients`, what it leaves in the gradient is what goes on to whatever computed the activation. */
  backward?(gradient: Tensor): void;
  /** Whether gradients may be changed on their way. The rest of the backward pass then runs as if they had been so. */
  changesGradients?: boolean;
  /** Whether LayerNorm must be applied anew because a hook may have changed its scale. */
  changesScale?: boolean;
  /** Whether a LayerNorm's output before gain and shift must be computed apart because somebody looks at or changes it. */
  seesNormalized?: boolean;
}

/** after = before + something; `after` may be `before`. */
export type AddTo = (before: Tensor, after: Tensor) => void;

/** Finds the gradient of a table in a set of gradients. */
export type TableGradient = (gradients: ParameterSet) => Tensor;

export class Plan {
  readonly config: ModelConfig;
  readonly extent: Extent;
  readonly options: PlanOptions;
  readonly ops: ModelOps;
  readonly weights: ParameterSet;
  readonly shapes: Shapes;
  /** Row numbers: of W_E, of W_pos, and, where heads have rows of their own, of what [sequence, position, head] belongs to. */
  readonly tokens: Integers;
  readonly positions: Integers;
  readonly rowOfHead: Integers;
  /** Zero for every row: gathers one row again and again. */
  readonly zeroIndex: Integers;
  /** dModel zeros. */
  readonly zeroRow: Tensor;
  watcher: Watcher | null = null;

  /** The residual stream behind the components planned so far, and its gradient, wherever the backward pass stands. */
  stream!: Tensor;
  readonly dStream: Tensor | null;
  /** What the next normalisation reads in place of the stream, where its reader has a copy. */
  copy: { readonly value: Tensor; readonly gradient: Tensor | null } | null = null;
  /** What has been computed to be added to the stream: each adds its own, after = before + that. */
  outputs: AddTo[] = [];
  /** What the stream is a sum of, as long as nothing has been added to it; null where the plan has no tables. */
  rows: RowSum | null = null;
  /** What the next component reads of the stream. */
  reading!: Reading;
  /** The positions' table by row, and its gradient, for whom adds it to what they read themselves. */
  positionRows: Tensor | null = null;
  dPositionRows: Tensor | null = null;
  /** The same where the first layer reads tables. */
  positionSummand: Summand | null = null;
  /** Layouts of the gradients of tables, in the order of `ParameterSet.tables`. */
  readonly tableGradients: Layout[] = [];
  /** What heads and MLPs write in layers that are planned with their results, by hook point: it stays for later layers. */
  readonly written: Map<string, Tensor> = new Map();
  logits!: Tensor;
  readonly dLogits: Tensor | null;

  private readonly arena: Arena;
  private readonly buffers = new Map<string, Tensor>();

  constructor(
    config: ModelConfig,
    options: { extent: Extent; plan: PlanOptions; ops: ModelOps; arena: Arena; weights: ParameterSet },
  ) {
    const { extent, plan, ops, arena, weights } = options;
    const rows = extent.sequences * extent.length;
    const perHead = plan.results.length + plan.splitInputs.length > 0;
    this.config = config;
    this.extent = extent;
    this.options = plan;
    this.ops = ops;
    this.weights = weights;
    this.arena = arena;
    this.shapes = new Shapes(config, arena, extent);
    this.tokens = arena.integers(rows);
    this.positions = arena.integers(rows);
    this.rowOfHead = arena.integers(perHead ? rows * config.nHeads : 0);
    this.zeroIndex = arena.integers(perHead ? rows : 0);
    this.zeroRow = this.constantRow(config.dModel, 0);
    this.dStream = plan.gradients ? this.shapes.stream('gradient of the residual stream') : null;
    this.dLogits = plan.gradients ? this.shapes.vocabulary('logits') : null;
    if (arena.isMeasuring) return;
    for (let i = 0; i < rows; i++) this.positions.data[i] = i % extent.length;
    for (let i = 0; i < this.rowOfHead.length; i++) this.rowOfHead.data[i] = Math.floor(i / config.nHeads);
  }

  /** A table derived from weights, rows as wide as those of `like`, and where its gradient lies. */
  table(name: string, { rows, like }: { rows: number; like: Tensor }): [Tensor, TableGradient] {
    const { width } = like;
    const layout = { rows, width, shape: [rows, width], strides: [width, 1] };
    const index = this.tableGradients.push(layout) - 1;
    return [this.arena.tensor(name, layout), ({ tables }) => tables![index]!];
  }

  /** Room for another tensor of the same layout. */
  copyOf(tensor: Tensor, name: string): Tensor {
    return this.arena.tensor(name, tensor);
  }

  /** Room for (scale, mean) of each row. */
  momentsOf({ rows }: Tensor): Tensor {
    return this.arena.tensor('moments', { rows, width: 2, shape: [rows, 2], strides: [2, 1] });
  }

  get isMeasuring(): boolean {
    return this.arena.isMeasuring;
  }

  see(activation: Tensor): void {
    if (this.watcher !== null) this.watcher.forward?.(activation);
  }

  seeGradient(gradient: Tensor): void {
    if (this.watcher !== null) this.watcher.backward?.(gradient);
  }

  /**
   * Shows the gradient of something that has been added to the stream, in the stream's own buffer: what a watcher changes
   * there goes on through `then`, and the rest of the stream gets the gradient as it was.
   */
  seeGradientOfPart(gradient: Tensor, then: () => void): void {
    const whole = this.watcher?.changesGradients ? gradient.data.slice() : null;
    this.seeGradient(gradient);
    then();
    if (whole) gradient.data.set(whole);
  }

  /** A layer's activation: kept for the backward pass where there is one, else the buffer that its role has in all layers. */
  activation(name: string, role: string, make: (shapes: Shapes, name: string) => Tensor): Tensor {
    return this.options.gradients ? make(this.shapes, name) : this.shared(name, role, make);
  }

  /** The one buffer of a role, under a name of its own for each layer. */
  shared(name: string, role: string, make: (shapes: Shapes, name: string) => Tensor): Tensor {
    const buffer = this.buffers.get(role) ?? make(this.shapes, name);
    this.buffers.set(role, buffer);
    return buffer.at(buffer.address, name);
  }

  /** The same for what exists only with gradients. */
  gradient(name: string, role: string, make: (shapes: Shapes, name: string) => Tensor): Tensor | null {
    return this.options.gradients ? this.shared(name, `gradient of ${role}`, make) : null;
  }

  /** The stream's gradient under the name of an activation that is part of it; null without gradients. */
  streamGradient(name: string): Tensor | null {
    return this.dStream?.at(this.dStream.address, name) ?? null;
  }

  /** So many zeros or ones, as the shift or gain of what has none. */
  constantRow(size: number, value: 0 | 1): Tensor {
    const name = `${size} × ${value}`;
    return this.shared(name, name, (shapes) => {
      const row = shapes.row(name, size);
      if (value === 1 && !this.isMeasuring) row.data.fill(1, 0, size);
      return row;
    });
  }

  /** Where the gradient of a shift goes that there is none of. */
  unusedRow(size: number): Tensor {
    return this.shared('no shift', `no shift of ${size}`, (shapes, name) => shapes.row(name, size));
  }

  /** To be added to the stream by the component that comes to it next. */
  add(output: AddTo): void {
    this.outputs.push(output);
  }

  /** Room for the gradient of what is added to the stream beside an MLP, which a layer's last component fills. */
  gradientBesideMlp(name: string): Tensor | null {
    return this.gradient(name, 'beside an MLP', (shapes, n) => shapes.stream(n));
  }

  /** Wᵀ, to be filled by `derive`. */
  transposed(w: Tensor): Tensor {
    return this.shapes.transposed(w);
  }
}
