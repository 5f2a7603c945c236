// An optimiser's operations over the WebAssembly kernels.
import type { AdamWStep, OptimizerBuffers, OptimizerOps } from '../optimizerOps.ts';
import type { Kernels } from './kernels.ts';

export class WasmOptimizerOps implements OptimizerOps {
  private readonly kernels: Kernels;

  constructor(kernels: Kernels) {
    this.kernels = kernels;
  }

  sumShards(from: number, to: number, gradients: number, stride: number, shards: number): number {
    return this.kernels.sumShards(from, to, gradients, stride, shards);
  }

  adamw(from: number, to: number, buffers: OptimizerBuffers, step: AdamWStep): void {
    // biome-ignore format: range and buffers, then numbers
    this.kernels.adamw(from, to, buffers.parameters, buffers.gradients, buffers.m, buffers.v,
      step.learningRate, step.beta1, 1 - step.beta1, step.beta2, 1 - step.beta2, step.epsilon, step.weightDecay, step.correction1, step.correction2, step.gradientScale);
  }
}
