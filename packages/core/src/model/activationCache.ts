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
  dense: Floats | null;
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
    const { shape, strides, rows, width, name } = tensor;
    const sequences = shape[0] as number;
    const { first, batch } = options.slice ?? { first: 0, batch: sequences };
    if (first === 0) {
      const layout = {
        shape: [batch, ...shape.slice(1)],
        strides: [...strides],
        rows: (rows / sequences) * batch,
        width,
      };
      const causal = options.causal === true;
      const raw = batch === sequences ? tensor.data.slice() : rawOf(tensor, batch);
      this.kept.set(name, { layout, raw, causal, dense: null });
    }
    // A sequence's rows lie together, so a slice is a run of the whole.
    if (batch !== sequences) this.kept.get(name)!.raw.set(tensor.data, (tensor.data.length / sequences) * first);
  }
}

const rawOf = ({ data, shape }: Tensor, batch: number): Floats => {
  const size = (data.length / (shape[0] as number)) * batch;
  return data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
};

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
