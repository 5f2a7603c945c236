// The buffers of an ensemble on a device: how large they are, and how many members and steps fit.
import type { Layout } from './layout.ts';
import { turnsOf } from './turns.ts';
import { type BufferName, HYPER_WORDS } from './wgsl/bindings.ts';

/** WebGPU's numbers for what buffers are used for; a browser's worker and Node have no constants in common. */
export const USAGE = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

/** Bytes between two slots: a uniform's dynamic offset is a multiple of this. */
export const SLOT_BYTES = 256;

/** Most steps of a submission, and bytes of batches that it may carry. */
const MOST_SLOTS = 64;
const MOST_BATCH_BYTES = 1 << 25;

/** Bytes that a member takes in a buffer, once or for each step of a submission. */
function memberBytes({ batch, groups, sizes, parameters4, scratch4, updateGroups }: Layout): {
  once: Partial<Record<BufferName, number>>;
  eachStep: Partial<Record<BufferName, number>>;
} {
  const parameters = 16 * parameters4;
  const queries = batch * sizes.positions;
  return {
    once: {
      params: parameters,
      moments: 2 * parameters,
      rules: parameters,
      gradients: groups * parameters,
      scratch: 16 * groups * scratch4,
      halted: 4,
    },
    eachStep: {
      hyper: 4 * HYPER_WORDS,
      sequences: 8 * queries,
      losses: 4 * queries,
      report: 4 * (groups + updateGroups),
    },
  };
}

/** Steps that one submission can carry. */
export function slotsOf(layout: Layout, members: number): number {
  const bytes = members * memberBytes(layout).eachStep.sequences!;
  return Math.max(1, Math.min(MOST_SLOTS, Math.floor(MOST_BATCH_BYTES / bytes)));
}

/** Members of such a model that fit a device; 0 where not even one does. */
export function membersThatFit(layout: Layout, limits: GPUSupportedLimits): number {
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  const { once, eachStep } = memberBytes(layout);
  const largest = Math.max(...Object.values(once), ...Object.values(eachStep));
  return Math.min(Math.floor(most / largest), limits.maxComputeWorkgroupsPerDimension);
}

/** Makes every buffer that kernels bind, zeros but for what never changes. */
export function makeBuffers(
  device: GPUDevice,
  layout: Layout,
  { members, slots }: { members: number; slots: number },
): Record<BufferName, GPUBuffer> {
  const { once, eachStep } = memberBytes(layout);
  const buffer = (size: number, usage: number = USAGE.storage | USAGE.copySource | USAGE.copyTarget): GPUBuffer =>
    device.createBuffer({ size: Math.max(256, size), usage });
  const turns = turnsOf(layout.config);
  const buffers = Object.fromEntries([
    ['slot', buffer(SLOT_BYTES * slots, USAGE.uniform | USAGE.copyTarget)],
    ['turns', buffer(4 * turns.length)],
    ...Object.entries(once).map(([name, bytes]) => [name, buffer(members * bytes)]),
    ...Object.entries(eachStep).map(([name, bytes]) => [name, buffer(slots * members * bytes)]),
  ]) as Record<BufferName, GPUBuffer>;
  const numbers = new Uint32Array((SLOT_BYTES / 4) * slots);
  for (let i = 0; i < slots; i++) numbers.set([i, members], (SLOT_BYTES / 4) * i);
  device.queue.writeBuffer(buffers.slot, 0, numbers);
  device.queue.writeBuffer(buffers.turns, 0, turns);
  return buffers;
}
