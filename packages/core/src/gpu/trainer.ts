// Steps of an ensemble on a device: members of one shape that train at once, in the same dispatches however many they are.
// Weights, gradients and moments stay on the device; a submission carries many steps and brings their losses back.

import { GpuError } from './adapter.ts';
import { makeBuffers, SLOT_BYTES, slotsOf, USAGE } from './buffers.ts';
import type { Layout } from './layout.ts';
import type { MemberFloats } from './memberState.ts';
import { type BufferName, bindingType, type Kernel } from './wgsl/bindings.ts';
import { competeKernel } from './wgsl/compete.ts';
import { sequencesKernel } from './wgsl/sequences.ts';
import { gatherKernel, updateKernel } from './wgsl/update.ts';

export interface TrainerOptions {
  readonly layout: Layout;
  readonly members: number;
  /** Whether any member clips its gradient, and whether heads of any compete: kernels of their own. */
  readonly clips: boolean;
  readonly competes: boolean;
  /** Changes the text of the kernels: a test's way to look for a missing barrier. */
  readonly change?: ((code: string) => string) | undefined;
}

/** Steps as they are submitted: `hyper` [step, member], `sequences` [step, member, sequence, position] of (token, target). */
export interface Submission {
  readonly steps: number;
  readonly hyper: ArrayBuffer;
  readonly sequences: Int32Array<ArrayBuffer>;
}

/** What came back: views for each step and member. */
export interface Measured {
  /** [sequence, position] */
  losses(step: number, member: number): Float32Array;
  /** Parts of the sum of the gradient's squares. */
  squares(step: number, member: number): Float32Array;
}

interface Stage {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [x: number, members: number];
}

export class GpuTrainer {
  readonly layout: Layout;
  readonly members: number;
  /** Most steps of a submission. */
  readonly slots: number;
  private readonly device: GPUDevice;
  private readonly buffers: Record<BufferName, GPUBuffer>;
  private readonly gradientStage: Stage;
  private readonly updateStages: readonly Stage[];

  private constructor(
    device: GPUDevice,
    { layout, members }: TrainerOptions,
    made: { buffers: Record<BufferName, GPUBuffer>; slots: number; stages: readonly Stage[] },
  ) {
    this.device = device;
    this.layout = layout;
    this.members = members;
    this.slots = made.slots;
    this.buffers = made.buffers;
    const [gradients, ...updates] = made.stages;
    this.gradientStage = gradients!;
    this.updateStages = updates;
  }

  /** Compiles the kernels and makes the buffers. Rejects with a GpuError where the device refuses either. */
  static async create(device: GPUDevice, options: TrainerOptions): Promise<GpuTrainer> {
    const { layout, members, clips, competes } = options;
    const slots = slotsOf(layout, members);
    const shared = device.limits.maxComputeWorkgroupStorageSize;
    const { groups, updateGroups, sizes } = layout;
    const stages: [Kernel, number][] = [
      [sequencesKernel(layout, shared), groups],
      ...(clips ? [[gatherKernel(layout), updateGroups] as [Kernel, number]] : []),
      [updateKernel(layout, { gathered: clips }), updateGroups],
      ...(competes ? [[competeKernel(layout), sizes.layers] as [Kernel, number]] : []),
    ];
    for (const filter of ['out-of-memory', 'validation'] as const) device.pushErrorScope(filter);
    const buffers = makeBuffers(device, layout, { members, slots });
    const made = await Promise.all(
      stages.map(async ([kernel, workgroups]) => ({
        ...(await stageOf(device, kernel, { buffers, change: options.change ?? ((code) => code) })),
        workgroups: [workgroups, members] as const,
      })),
    ).catch((error: Error) => error);
    const errors = [await device.popErrorScope(), await device.popErrorScope()];
    const error = made instanceof Error ? made : errors.find((found) => found !== null);
    if (error) {
      for (const buffer of Object.values(buffers)) buffer.destroy();
      throw new GpuError(`The GPU refuses this model (${error.message.split('\n')[0]}).`);
    }
    return new GpuTrainer(device, options, { buffers, slots, stages: made as Stage[] });
  }

  /** Sets a member's weights and moments, and what holds its weights back. */
  write(member: number, { weights, moments }: MemberFloats, rules: Uint32Array<ArrayBuffer>): void {
    const { queue } = this.device;
    queue.writeBuffer(this.buffers.params, 4 * member * weights.length, weights);
    queue.writeBuffer(this.buffers.moments, 4 * member * moments.length, moments);
    queue.writeBuffer(this.buffers.rules, 4 * member * rules.length, rules);
    queue.writeBuffer(this.buffers.halted, 4 * member, new Uint32Array(1));
  }

  /** Submits steps; resolves when their losses are here. Submissions are carried out in order. */
  async submit(
    { steps, hyper, sequences }: Submission,
    { update = true }: { update?: boolean } = {},
  ): Promise<Measured> {
    const { device, buffers, members, layout } = this;
    device.queue.writeBuffer(buffers.hyper, 0, hyper);
    device.queue.writeBuffer(buffers.sequences, 0, sequences);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let step = 0; step < steps; step++)
      for (const { pipeline, group, workgroups } of [this.gradientStage, ...(update ? this.updateStages : [])]) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group, [SLOT_BYTES * step]);
        pass.dispatchWorkgroups(...workgroups);
      }
    pass.end();
    const queries = layout.batch * layout.sizes.positions;
    const { groups, updateGroups } = layout;
    const [lossBytes, reportBytes] = [queries, groups + updateGroups].map((n) => 4 * n * steps * members) as [
      number,
      number,
    ];
    const floats = await this.fetch(encoder, [
      { buffer: buffers.losses, from: 0, bytes: lossBytes },
      { buffer: buffers.report, from: 0, bytes: reportBytes },
    ]);
    const report = floats.subarray(lossBytes / 4);
    const part = (all: Float32Array, length: number, step: number, member: number): Float32Array =>
      all.subarray((step * members + member) * length, (step * members + member + 1) * length);
    return {
      losses: (step, member) => part(floats, queries, step, member),
      squares: (step, member) => part(report, groups + updateGroups, step, member).subarray(groups),
    };
  }

  /** A member's weights and moments as they are behind what has been submitted. */
  async read(member: number): Promise<MemberFloats> {
    const length = 4 * this.layout.parameters4;
    const floats = await this.fetch(this.device.createCommandEncoder(), [
      { buffer: this.buffers.params, from: 4 * member * length, bytes: 4 * length },
      { buffer: this.buffers.moments, from: 8 * member * length, bytes: 8 * length },
    ]);
    return { weights: floats.slice(0, length), moments: floats.slice(length) };
  }

  /** The gradient of a member's last batch, in the layout of the parameters, summed in float64. */
  async gradient(member: number): Promise<Float64Array> {
    const { groups, parameters4 } = this.layout;
    const length = 4 * parameters4;
    const all = await this.fetch(this.device.createCommandEncoder(), [
      { buffer: this.buffers.gradients, from: 4 * member * groups * length, bytes: 4 * groups * length },
    ]);
    return Float64Array.from({ length }, (_, i) => {
      let sum = 0;
      for (let group = 0; group < groups; group++) sum += all[group * length + i]!;
      return sum;
    });
  }

  /** Gives the buffers back. */
  destroy(): void {
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }

  /** Finishes and submits, and brings parts of buffers here, one behind the other. Rejects when the device is lost. */
  private async fetch(
    encoder: GPUCommandEncoder,
    parts: readonly { buffer: GPUBuffer; from: number; bytes: number }[],
  ): Promise<Float32Array<ArrayBuffer>> {
    const size = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    const staging = this.device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyTarget });
    let at = 0;
    for (const { buffer, from, bytes } of parts) {
      encoder.copyBufferToBuffer(buffer, from, staging, at, bytes);
      at += bytes;
    }
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const floats = new Float32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return floats;
  }
}

async function stageOf(
  device: GPUDevice,
  { code, entry, buffers: names }: Kernel,
  { buffers, change }: { buffers: Record<BufferName, GPUBuffer>; change: (code: string) => string },
): Promise<{ pipeline: GPUComputePipeline; group: GPUBindGroup }> {
  const module = device.createShaderModule({ code: change(code) });
  const wrong = (await module.getCompilationInfo()).messages.find(({ type }) => type === 'error');
  if (wrong) throw new GpuError(`line ${wrong.lineNum} of a kernel: ${wrong.message}`);
  const layout = device.createBindGroupLayout({
    entries: names.map((name, binding) => ({
      ...{ binding, visibility: 4 },
      buffer: { type: bindingType(name), hasDynamicOffset: name === 'slot' },
    })),
  });
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: entry },
  });
  const group = device.createBindGroup({
    layout,
    entries: names.map((name, binding) => ({
      binding,
      resource: name === 'slot' ? { buffer: buffers.slot, size: 8 } : { buffer: buffers[name] },
    })),
  });
  return { pipeline, group };
}
