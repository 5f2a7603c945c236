// The gradients of a batch that runs in slices, added up.
import type { Floats } from '../engine/tensor.ts';
import { type NamedWeights, namedCopies, type Parameters } from './parameters.ts';

/** Adds up the gradients of a batch's slices; of a batch that runs as a whole it is a copy. */
export class GradientSum {
  private sum: NamedWeights = {};

  clear(): void {
    this.sum = {};
  }

  add(gradients: Parameters): void {
    const more = namedCopies(gradients);
    for (const [name, { data }] of Object.entries(more)) {
      const before = this.sum[name]?.data;
      if (before) for (let i = 0; i < data.length; i++) (data as Floats)[i]! += before[i] as number;
    }
    this.sum = more;
  }

  named(): NamedWeights {
    return this.sum;
  }
}
