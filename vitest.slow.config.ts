import { defineConfig } from 'vitest/config';
import { softwareVulkan } from './scripts/softwareVulkan.mjs';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.slow.test.ts', '{packages,apps}/*/test/**/*.slow.test.ts'],
    testTimeout: 3_600_000,
    env: softwareVulkan(), // tests of the GPU run on the CPU
    maxWorkers: 1,
    reporters: ['verbose'],
  },
});
