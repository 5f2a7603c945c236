// WebGPU's own types by what there is of them: TypeScript has them from 6.0 on, before that the package `@webgpu/types`. A project
// with neither can still read our declarations.

/** WebGPU's `GPUDevice`; `unknown` in a project whose TypeScript has no types of WebGPU. */
export type GpuDevice = typeof globalThis extends { GPUDevice: { prototype: infer Device } } ? Device : unknown;

/** WebGPU's `GPUAdapter`; `unknown` in a project whose TypeScript has no types of WebGPU. */
export type GpuAdapter = typeof globalThis extends { GPUAdapter: { prototype: infer Adapter } } ? Adapter : unknown;

/** WebGPU's `GPUAdapterInfo`, as far as it is read here. */
export interface GpuAdapterInfo {
  /** Who made the GPU; '' where it does not say. */
  readonly vendor: string;
  /** Which family of GPUs it belongs to; '' where it does not say. */
  readonly architecture: string;
  /** Which one it is; '' where it does not say. */
  readonly device: string;
  /** What its driver says of it; '' where it says nothing. */
  readonly description: string;
  /** Whether the platform says that this one is slow and computes on the CPU. */
  readonly isFallbackAdapter?: boolean;
}
