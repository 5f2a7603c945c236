// Activations kept from a run. Each is copied once, whole and padded, and made dense when somebody asks for it.
import * as z from 'zod/mini';
import { copyElements, type Floats, type Layout, sizeOf, type Tensor } from '../engine/tensor.ts';
import { ArgumentError, checkArgument } from '../errors/arguments.ts';
import { listed, nearest } from '../errors/names.ts';
import { quoted } from '../errors/printable.ts';
import type { ModelConfig } from './config.ts';
import { type Axis, axesOf } from './hookPoints.ts';
import { partOf } from './partOf.ts';
import { Values } from './values.ts';

/** An activation whole: axes [batch, pos, ...]; patterns and scores [batch, head, queryPos, keyPos]. */
export type CachedActivation = Values<readonly Axis[]>;

/** Every head's attention pattern in a layer. */
export type Patterns = Values<readonly ['batch', 'head', 'queryPos', 'keyPos']>;

/** One head's attention pattern. */
export type Pattern = Values<readonly ['batch', 'queryPos', 'keyPos']>;

/** Which part of an activation: what is not named stays whole. */
export interface PartOfActivation {
  /** Of the batch, from 0. */
  readonly sequence?: number;
  /** Position in the sequence, from 0; of patterns and scores the query's. */
  readonly position?: number;
  /** One head: its number within the layer, from 0. */
  readonly head?: number;
}

const index = z.optional(z.int());
const Part = z.strictObject({ sequence: index, position: index, head: index });

interface Kept {
  readonly layout: Layout;
  readonly raw: Floats;
  readonly causal: boolean;
  /** Whether other threads see `raw` too. */
  readonly shared: boolean;
  dense: Floats | null;
}

/**
 * An activation as threads share it: raw, padding included.
 * @internal
 */
export interface SharedActivation {
  readonly name: string;
  readonly layout: Layout;
  readonly raw: Float32Array;
}

/** What a run kept: activations, or gradients of them, by hook point. */
export class ActivationCache {
  /** Whether it holds gradients of activations in place of activations. */
  readonly ofGradients: boolean;
  private readonly kept = new Map<string, Kept>();
  /** Of the model whose activations these are; an empty cache is nobody's. */
  private readonly config: ModelConfig | null;

  /** An empty cache: `ofGradients` says of what, `config` of which model. */
  constructor(options: { ofGradients?: boolean; config?: ModelConfig } = {}) {
    this.ofGradients = options.ofGradients ?? false;
    this.config = options.config ?? null;
  }

  /** Names in the order in which they were computed. */
  get names(): string[] {
    return [...this.kept.keys()];
  }

  /**
   * Whether the run kept the activation of that name.
   * @param name The hook point.
   */
  has(name: string): boolean {
    return this.kept.has(name);
  }

  /**
   * The activation of that name. Throws when the run did not keep it.
   * @param name The hook point.
   */
  get(name: string): CachedActivation {
    const kept = this.kept.get(name);
    if (!kept) throw new Error(`ActivationCache: ${quoted(name, 80)} was not kept; this cache has ${this.near(name)}.`);
    kept.dense ??= densify(kept);
    const { shape } = kept.layout;
    const axes = this.config === null ? [] : axesOf(this.config, name, shape);
    return new Values<readonly Axis[]>(name, { shape: [...shape], axes, data: kept.dense });
  }

  /**
   * The numbers of an activation as they were kept, no copy: the rows of its last axis one after the other, `width` numbers
   * each, of which those behind the axis mean nothing. Throws when the run did not keep it.
   * @param name The hook point.
   * @returns The numbers, and how many a row takes.
   */
  rows(name: string): { readonly values: Floats; readonly width: number } {
    const kept = this.kept.get(name);
    if (!kept) throw new Error(`ActivationCache: ${quoted(name, 80)} was not kept; this cache has ${this.near(name)}.`);
    return { values: kept.raw, width: kept.layout.width };
  }

  /**
   * A dense copy of part of an activation, with the axes that are left: at one `position` of one `sequence`, of one `head`.
   * `cache.at('blocks.0.attn.hook_z', { sequence: 1, head: 2 })` is [pos, dHead]. Throws an Error when the run did not keep
   * it, and an ArgumentError where it has no such axis, or not so many.
   * @param name The hook point.
   */
  at(name: string, part: PartOfActivation = {}): Values<readonly Axis[]> {
    checkArgument('ActivationCache.at', 'part', Part, part);
    return partOf('ActivationCache.at', this.get(name), part);
  }

  /**
   * A layer's attention patterns, a copy: [batch, head, queryPos, keyPos], or one head's, [batch, queryPos, keyPos]; so
   * `cache.pattern(1, 0).at(0, 8, 3)` is how much the query at 8 of sequence 0 attends to the key at 3, a share from 0 to 1,
   * and `row(0, 8)` what it attends to. Of gradients, their gradients. Throws an ArgumentError that names the layers whose
   * patterns were kept, or the heads there are. `layer` counts from 0.
   */
  pattern(layer: number): Patterns;
  /** One head's, [batch, queryPos, keyPos]: `layer` and `head` count from 0. Throws an ArgumentError as above. */
  pattern(layer: number, head: number): Pattern;
  pattern(layer: number, head?: number): Patterns | Pattern {
    const caller = 'ActivationCache.pattern';
    const name = patternName(layer);
    if (!this.has(name)) {
      throw new ArgumentError(
        `${caller}: the patterns of layer ${quoted(layer)} were not kept; ${this.layersOfPatterns()}; name ${patternName('L')} in the run.`,
      );
    }
    // The axes are the hook point's, which the compiler cannot know.
    return partOf(caller, this.get(name), head === undefined ? {} : { head }) as Values as Patterns | Pattern;
  }

  /**
   * A cache of one activation on the straight line from what it is here (at a `share` of 0) to what it is in another run's
   * cache (1). What is −∞, a score that is masked, stays so. Throws an Error where one of them did not keep it, or in another
   * shape.
   * @param other The other run's cache.
   * @param part Which activation, and how far.
   * @param part.name The hook point.
   * @param part.share How far along the line, 0 to 1.
   */
  towards(other: ActivationCache, { name, share }: { name: string; share: number }): ActivationCache {
    const [here, there] = [this.get(name).shape, other.get(name).shape];
    if (here.join() !== there.join())
      throw new Error(
        `ActivationCache.towards: "${name}" has shape [${here}] here and [${there}] in the other run; run as many prompts of equal length.`,
      );
    const { raw: goal } = other.kept.get(name)!;
    const kept = this.kept.get(name)!;
    const raw = kept.raw.map((x, i) => (Number.isFinite(x) ? x + share * (goal[i]! - x) : x));
    const cache = new ActivationCache(this.config === null ? {} : { config: this.config });
    cache.kept.set(name, { ...kept, raw, shared: false, dense: null });
    return cache;
  }

  /** Of which layers there are patterns, in words. */
  private layersOfPatterns(): string {
    const layers = this.names.flatMap((name) => {
      const layer = name.split('.')[1];
      return layer !== undefined && name === patternName(layer) ? [layer] : [];
    });
    if (layers.length === 0) return 'this cache has none';
    return layers.length === 1
      ? `this cache has that of layer ${layers[0]}`
      : `this cache has those of layers ${listed(layers, 8)}`;
  }

  /** What there is, the nearest to a name first where it is much. */
  private near(name: unknown): string {
    const { names } = this;
    if (names.length <= 3) return listed(names) || 'nothing';
    return listed(nearest(String(name), names, names.length));
  }

  /**
   * Keeps a copy. `causal` is for [.., queryPos, keyPos] whose entries above the diagonal mean nothing, as gradients there: 0.
   * Of a batch that runs in slices, `slice` says which sequence comes first and how many there are in all.
   * @internal
   */
  keep(tensor: Tensor, options: { causal?: boolean; slice?: { first: number; batch: number } } = {}): void {
    const { shape, strides, rows, width, name, data } = tensor;
    const sequences = shape[0] as number;
    const { first, batch } = options.slice ?? { first: 0, batch: sequences };
    const { causal = false } = options;
    const known = this.kept.get(name);
    const layout = {
      shape: [batch, ...shape.slice(1)],
      strides: [...strides],
      rows: (rows / sequences) * batch,
      width,
    };
    if (batch === sequences && !known?.shared) {
      this.kept.set(name, { layout, raw: data.slice(), causal, shared: false, dense: null });
      return;
    }
    if (first === 0 && !known?.shared) {
      const size = layout.rows * width;
      const raw = data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
      this.kept.set(name, { layout, raw, causal, shared: false, dense: null });
    }
    // A sequence's rows lie together, so a slice is a run of the whole.
    this.kept.get(name)!.raw.set(data, (data.length / sequences) * first);
  }

  /**
   * Makes room for an activation of a whole batch, which several threads fill.
   * @internal
   */
  allot(name: string, layout: Layout): SharedActivation {
    const raw = new Float32Array(new SharedArrayBuffer(4 * layout.rows * layout.width));
    this.kept.set(name, { layout, raw, causal: false, shared: true, dense: null });
    return { name, layout, raw };
  }

  /**
   * What is kept, where other threads can read it too: copied there once.
   * @internal
   */
  share(): SharedActivation[] {
    return [...this.kept].map(([name, kept]) => {
      if (!kept.shared) {
        const raw = new Float32Array(new SharedArrayBuffer(4 * kept.raw.length));
        raw.set(kept.raw);
        this.kept.set(name, { ...kept, raw, shared: true });
      }
      const { layout, raw } = this.kept.get(name)!;
      return { name, layout, raw: raw as Float32Array };
    });
  }

  /**
   * A cache over what another thread has shared.
   * @internal
   */
  static over(shared: readonly SharedActivation[], config: ModelConfig): ActivationCache {
    const cache = new ActivationCache({ config });
    for (const { name, layout, raw } of shared)
      cache.kept.set(name, { layout, raw, causal: false, shared: true, dense: null });
    return cache;
  }
}

const patternName = (layer: unknown): string => `blocks.${String(layer)}.attn.hook_pattern`;

function densify({ layout, raw, causal }: Kept): Floats {
  const size = sizeOf(layout.shape);
  const dense = raw instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  copyElements(layout, raw, dense, 'out');
  if (causal) {
    const length = layout.shape[3] as number;
    for (let row = 0; row < size / length; row++) dense.fill(0, row * length + (row % length) + 1, (row + 1) * length);
  }
  return dense;
}
