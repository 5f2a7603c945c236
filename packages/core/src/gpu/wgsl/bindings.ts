// What the kernels read and write. Each kernel is a module of its own and names the buffers that it needs; their numbers are
// the order in which it names them.
export const BUFFERS = {
  /** Which step of the submission this is. */
  slot: 'var<uniform> slot: Slot;',
  /** [slot, member]: what a step needs of the host. */
  hyper: 'var<storage, read> hyper: array<Hyper>;',
  /** [member, parameters] */
  params: 'var<storage, read_write> params: array<vec4f>;',
  /** [member, parameters], (m, v) */
  moments: 'var<storage, read_write> moments: array<vec4f>;',
  /** [member, parameters]: what holds a weight back. */
  rules: 'var<storage, read> rules: array<vec4u>;',
  /** [member, group, parameters] */
  gradients: 'var<storage, read_write> gradients: array<vec4f>;',
  /** [member, group]: what a workgroup computes of a sequence. */
  scratch: 'var<storage, read_write> scratch: array<vec4f>;',
  /** [slot, member, sequence, position], (token, target) */
  sequences: 'var<storage, read> sequences: array<vec2i>;',
  /** [slot, member, sequence, position] */
  losses: 'var<storage, read_write> losses: array<f32>;',
  /** [slot, member]: sums of losses of each group, then squares of the gradient of each group of the update. */
  report: 'var<storage, read_write> report: array<f32>;',
  /** [member]: not 0 once its loss has not been finite. */
  halted: 'var<storage, read_write> halted: array<atomic<u32>>;',
  /** Rotary positions: [position, pair], (cos, sin). */
  turns: 'var<storage, read> turns: array<vec2f>;',
} as const;

export type BufferName = keyof typeof BUFFERS;

/** A kernel: its text, the buffers that it binds in order, and its entry point. */
export interface Kernel {
  readonly entry: string;
  readonly code: string;
  readonly buffers: readonly BufferName[];
}

/** 32-bit words of `Hyper`. */
export const HYPER_WORDS = 16;

/** Flags of `Hyper`. */
export const FLAGS = { resting: 1, competitionEnds: 2 } as const;

const STRUCTS = `struct Slot { index: u32, members: u32 }
struct Hyper {
  rate: f32, decay: f32, correction1: f32, correction2: f32, beta1: f32, beta2: f32, take1: f32, take2: f32,
  epsilon: f32, clip: f32, scale: f32, lambda: f32, step: u32, flags: u32, spare1: u32, spare2: u32,
}`;

/** The head of a kernel's module. */
export const declarations = (buffers: readonly BufferName[]): string =>
  [STRUCTS, ...buffers.map((name, binding) => `@group(0) @binding(${binding}) ${BUFFERS[name]}`)].join('\n');

/** The type of a binding of the layout. */
export const bindingType = (name: BufferName): GPUBufferBindingType =>
  name === 'slot' ? 'uniform' : BUFFERS[name].includes('read_write') ? 'storage' : 'read-only-storage';
