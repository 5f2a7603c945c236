// Activations kept from a run. Each is copied once, whole and padded, and made dense when somebody asks for it.
import { copyElements, type Floats, type Layout, sizeOf, type Tensor } from '../engine/tensor.ts';
import { listed, nearest } from '../errors/names.ts';
import { quoted } from '../errors/printable.ts';

export interface CachedActivation {
  readonly name: string;
  /** Axes: [batch, pos, ...]; patterns and scores [batch, head, queryPos, keyPos]. */
  readonly shape: readonly number[];
  /** Row-major in `shape`. Do not change it: a cache is read only. */
  readonly data: Floats;
}

interface Kept {
  readonly layout: Layout;
  readonly raw: Floats;
  readonly causal: boolean;
  /** Whether other threads see `raw` too. */
  readonly shared: boolean;
  dense: Floats | null;
}

/** An activation as threads share it: raw, padding included. */
export interface SharedActivation {
  readonly name: string;
  readonly layout: Layout;
  readonly raw: Float32Array;
}

export class ActivationCache {
  /** Whether it holds gradients of activations in place of activations. */
  readonly ofGradients: boolean;
  private readonly kept = new Map<string, Kept>();

  constructor(options: { ofGradients?: boolean } = {}) {
    this.ofGradients = options.ofGradients ?? false;
  }

  /** Names in the order in which they were computed. */
  get names(): string[] {
    return [...this.kept.keys()];
  }

  has(name: string): boolean {
    return this.kept.has(name);
  }

  /** The activation of that name. Throws when the run did not keep it. */
  get(name: string): CachedActivation {
    const kept = this.kept.get(name);
    if (!kept) throw new Error(`ActivationCache: ${quoted(name, 80)} was not kept; this cache has ${this.near(name)}.`);
    kept.dense ??= densify(kept);
    return { name, shape: [...kept.layout.shape], data: kept.dense };
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

  /** Makes room for an activation of a whole batch, which several threads fill. */
  allot(name: string, layout: Layout): SharedActivation {
    const raw = new Float32Array(new SharedArrayBuffer(4 * layout.rows * layout.width));
    this.kept.set(name, { layout, raw, causal: false, shared: true, dense: null });
    return { name, layout, raw };
  }

  /** What is kept, where other threads can read it too: copied there once. */
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

  /** A cache over what another thread has shared. */
  static over(shared: readonly SharedActivation[]): ActivationCache {
    const cache = new ActivationCache();
    for (const { name, layout, raw } of shared)
      cache.kept.set(name, { layout, raw, causal: false, shared: true, dense: null });
    return cache;
  }
}

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
