// A GPU to test on where there is none: SwiftShader, which the test runner's configuration finds (scripts/softwareVulkan.mjs).
import type { Gpu } from '../../src/gpu/adapter.ts';
import { openGpu } from '../../src/nodeGpu.ts';

/** What to do where there is no adapter. */
export const HINT = 'no SwiftShader: install chromium, or set VK_ICD_FILENAMES to a vk_swiftshader_icd.json';

export interface SoftwareGpu extends Gpu {
  /** Loses the device as a driver that is reset does; who opens it next gets another. */
  lose(): void;
}

/** A software adapter; null where there is none. One device serves all who open it, so that kernels compile once. */
export async function softwareGpu(): Promise<SoftwareGpu | null> {
  const gpu = await openGpu({ name: 'swiftshader' }).catch(() => null);
  if (gpu === null) {
    console.warn(`Tests of the GPU are left out: ${HINT}.`);
    return null;
  }
  let device: GPUDevice | null = null;
  let lose = (): void => {};
  return {
    info: gpu.info,
    lose: () => {
      device = null;
      lose();
    },
    open: async () => {
      if (device !== null) return device;
      device = await gpu.open();
      lose = device.destroy.bind(device);
      device.destroy = () => {}; // the next one goes on with it
      return device;
    },
  };
}
