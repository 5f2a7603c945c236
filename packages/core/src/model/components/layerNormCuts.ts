// The backward pass of a normalisation inside which something has been overwritten: the kernel takes what it reads as computed
// from what was normalised, so what a watcher takes out of a gradient inside is taken out of what the kernel makes of it.
import type { Floats, Tensor } from '../../engine/tensor.ts';
import type { Plan } from './plan.ts';

export interface GradientCuts {
  /** Keeps what stands before gain and shift, which layers share a buffer for. */
  remember(): void;
  /** `show` shows the gradient before gain and shift; what goes out of it goes out of `dNormalized`. */
  atNormalized(gradients: Record<'dNormalized' | 'dGain' | 'dBias', Tensor>, show: () => void): void;
  /** `show` shows the scale's gradient; what goes out of it goes out of `dx`, which the kernel has computed. */
  atScale(gradients: Record<'dStats' | 'dx', Tensor>, show: () => void): void;
}

/** Of rows of `size` numbers. */
export function gradientCuts(
  plan: Plan,
  { x, stats, unit, size }: Record<'x' | 'stats' | 'unit', Tensor> & { readonly size: number },
): GradientCuts {
  let read: Floats = new Float64Array(0);
  return {
    remember: () => {
      read = unit.data.slice();
    },
    atNormalized: ({ dNormalized, dGain, dBias }, show) => {
      if (!plan.watcher?.changesGradients) return show();
      show();
      const { data, width } = unit;
      for (let i = 0; i < data.length; i++) {
        const after = dNormalized.data[i]!;
        if (after === 0 || data[i] !== 0) continue;
        // Gain and shift act on what stands there; nothing goes on to the stream, nor does it where the gain is 0.
        dGain.data[i % width]! += after * read[i]!;
        dBias.data[i % width]! += after;
        dNormalized.data[i] = 0;
      }
    },
    atScale: ({ dStats, dx }, show) => {
      if (!plan.watcher?.changesGradients) return show();
      const before = dStats.data.slice();
      show();
      for (let row = 0; row < x.rows; row++) {
        const change = dStats.data[2 * row]! - before[2 * row]!;
        if (change === 0) continue;
        const [scale, mean] = [stats.data[2 * row]!, stats.data[2 * row + 1]!];
        for (let i = 0; i < size; i++)
          dx.data[row * dx.width + i]! += (change * (x.data[row * x.width + i]! - mean)) / (size * scale);
      }
    },
  };
}
