// An optimiser's operations in float64.
import type { AdamWStep, OptimizerBuffers, OptimizerOps } from '../optimizerOps.ts';
import type { Arena, Floats } from '../tensor.ts';

export class ReferenceOptimizerOps implements OptimizerOps {
  private readonly arena: Arena;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  sumShards(from: number, to: number, gradients: number, stride: number, shards: number): number {
    const buffers = Array.from({ length: shards }, (_, s) => this.arena.floats(gradients + s * stride, to));
    let squares = 0;
    for (let i = from; i < to; i++) {
      const sum = buffers.reduce((total, buffer) => total + buffer[i]!, 0);
      for (const buffer of buffers) buffer[i] = 0;
      buffers[0]![i] = sum;
      squares += sum ** 2;
    }
    return squares;
  }

  adamw(from: number, to: number, buffers: OptimizerBuffers, step: AdamWStep): void {
    const [p, g, m, v] = [buffers.parameters, buffers.gradients, buffers.m, buffers.v].map((a) =>
      this.arena.floats(a, to),
    ) as [Floats, Floats, Floats, Floats];
    for (let i = from; i < to; i++) {
      const gradient = g[i]! * step.gradientScale;
      g[i] = 0;
      m[i] = step.beta1 * m[i]! + (1 - step.beta1) * gradient;
      v[i] = step.beta2 * v[i]! + (1 - step.beta2) * gradient ** 2;
      const update = (m[i]! * step.correction1) / (Math.sqrt(v[i]! * step.correction2) + step.epsilon);
      p[i] = p[i]! * (1 - step.learningRate * step.weightDecay) - step.learningRate * update;
    }
  }
}
