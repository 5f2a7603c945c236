// Activations kept from a run. Each is copied once, whole and padded, and made dense when somebody asks for it.
import { copyElements, type Floats, type Layout, sizeOf, type Tensor } from '../engine/tensor.ts';
import { isSquare } from './hookPoints.ts';

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
  private readonly kept = new Map<string, Kept>();

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
    if (!kept)
      throw new Error(`ActivationCache: "${name}" was not kept; this cache has ${this.names.join(', ') || 'nothing'}.`);
    kept.dense ??= densify(kept);
    return { name, shape: kept.layout.shape, data: kept.dense };
  }

  /** Keeps a copy. `causal` sets entries above the diagonal of [.., queryPos, keyPos] to 0 (gradients there mean nothing). */
  keep(tensor: Tensor, options: { causal?: boolean } = {}): void {
    const { shape, strides, rows, width } = tensor;
    const square = isSquare(tensor.name);
    const layout = { shape, strides, rows, width };
    this.kept.set(tensor.name, {
      layout,
      raw: tensor.data.slice(),
      causal: square && options.causal === true,
      dense: null,
    });
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
