// The transformer, forward and backward: its components run one after the other, each computing named activations, and
// `watcher` looks at them or changes them before the next line uses them. Training is this program with nobody watching.
import type { Extent, ModelOps } from '../engine/modelOps.ts';
import { countsToLoss } from '../engine/targets.ts';
import type { Arena, Floats, Integers, Layout, Tensor } from '../engine/tensor.ts';
import type { Carry, Part, PartStem } from './components/component.ts';
import { components } from './components/components.ts';
import { Plan, type PlanOptions, type Watcher } from './components/plan.ts';
import type { ModelConfig } from './config.ts';
import type { Parameters } from './parameters.ts';

export class Transformer {
  readonly config: ModelConfig;
  readonly extent: Extent;
  readonly weights: Parameters;
  /** [batch · pos] */
  readonly tokens: Integers;
  /** What each position is to predict, as engine/targets.ts says it. */
  readonly targets: Integers;
  /** [batch, pos, dVocab] */
  readonly logits: Tensor;
  /** [batch, pos] */
  readonly losses: Tensor;
  private readonly ops: ModelOps;
  private readonly plan: Plan;
  private readonly parts: readonly Part[];
  private derivedFrom = -1;

  constructor(options: {
    config: ModelConfig;
    extent: Extent;
    plan: PlanOptions;
    ops: ModelOps;
    arena: Arena;
    weights: Parameters;
  }) {
    const { config, extent, ops, arena, weights } = options;
    const plan = new Plan(config, { extent, plan: options.plan, ops, arena, weights });
    this.config = config;
    this.extent = extent;
    this.ops = ops;
    this.weights = weights;
    this.plan = plan;
    this.parts = [...components(config)].map((component, i) => component.plan(plan, (set) => set.groups[i]!));
    this.tokens = plan.tokens;
    this.targets = arena.integers(plan.tokens.length);
    this.logits = plan.logits;
    this.losses = plan.shapes.perPosition('losses');
  }

  get watcher(): Watcher | null {
    return this.plan.watcher;
  }

  /** Throws an Error where the plan is one that nobody watches. */
  set watcher(watcher: Watcher | null) {
    if (watcher && this.plan.options.unwatched)
      throw new Error('Transformer.watcher: this transformer was planned for nobody to watch.');
    this.plan.watcher = watcher;
  }

  /**
   * What heads or an MLP write in a layer that was planned with its results, by the hook point's name: [batch, pos, head, dModel],
   * or [batch, pos, dModel].
   */
  outputOf(hook: string): Tensor {
    return this.plan.written.get(hook)!;
  }

  /** The gradient of the logits, [batch, pos, dVocab], where gradients are planned: of the losses after `loss`, unless changed. */
  get dLogits(): Tensor | null {
    return this.plan.dLogits;
  }

  /** tokens → logits; or up to where all of those hook points have been passed. */
  forward(through: readonly string[] | null = null): void {
    this.derive();
    for (const part of this.partsThrough(through)) part.forward();
  }

  private partsThrough(hooks: readonly string[] | null): readonly Part[] {
    if (!hooks) return this.parts;
    const last = [...components(this.config)].findLastIndex((part) =>
      part.hooks.some(({ name }) => hooks.includes(name)),
    );
    return this.parts.slice(0, last + 1);
  }

  /** Where a pass can be taken up again, by layer. */
  get stems(): readonly PartStem[] {
    return this.parts.flatMap(({ stem }) => stem ?? []);
  }

  /** tokens → logits, the first layers up to the stem of one of them left out: what they made is given. */
  forwardFrom(layer: number, values: readonly Floats[], through: readonly string[] | null = null): void {
    this.derive();
    const parts = this.partsThrough(through);
    const stem = this.stems[layer] as PartStem;
    parts[0]!.forward(); // rows of positions, which later layers may read
    stem.tensors.forEach(({ data }, i) => void data.set(values[i]!));
    stem.forward();
    for (const part of parts.slice(1 + parts.findIndex((one) => one.stem === stem))) part.forward();
  }

  /** Brings up to date what is derived from the weights. */
  private derive(): void {
    if (this.derivedFrom === this.weights.version) return;
    this.derivedFrom = this.weights.version;
    for (const part of this.parts) part.derive?.();
  }

  /** Losses per position against the targets, and, where gradients are planned, the gradient of their sum times `scale`. */
  loss(scale: number): void {
    this.ops.crossEntropy(this.logits, this.targets, this.losses, this.plan.dLogits, scale);
  }

  /** Adds the gradients of all parameters to `gradients`. Call `forward` and `loss` before. */
  backward(gradients: Parameters): void {
    if (!this.plan.options.gradients)
      throw new Error('Transformer.backward: this transformer was planned without gradients.');
    for (let i = this.parts.length - 1; i >= 0; i--) this.parts[i]!.backward(gradients);
  }

  /** Layouts of the gradients of tables that `backward` adds to, besides those of weights (components/rowSum.ts); often none. */
  get tableGradients(): readonly Layout[] {
    return this.plan.tableGradients;
  }

  /**
   * What carries the gradients of tables, summed over a batch, to those of weights: pieces that may run at the same time, and
   * change gradients of different weights.
   */
  carries(): Carry[] {
    const { parts } = this;
    const chain = [...parts].reverse().flatMap(({ carry }) => carry ?? []);
    const apart = parts.flatMap(({ carryApart }) => carryApart ?? []);
    const inTurn: Carry = (gradients) => {
      for (const carry of chain) carry(gradients);
    };
    return (chain.length > 0 ? [inTurn, ...apart] : apart).map((carry) => (gradients) => {
      this.derive(); // a thread that had no sequence to run has not yet
      carry(gradients);
    });
  }

  /** Sum of the losses that count after `loss`, and how many they are. */
  countedLoss(): { sum: number; count: number } {
    const losses = this.losses.data;
    const targets = this.targets.data;
    let sum = 0;
    let count = 0;
    for (let i = 0; i < targets.length; i++)
      if (countsToLoss(targets[i] as number)) {
        sum += losses[i] as number;
        count++;
      }
    return { sum, count };
  }
}
