import { defineConfig } from 'vitest/config';
import { softwareVulkan } from './scripts/softwareVulkan.mjs';

export default defineConfig({
  test: {
    // Training tests start worker threads of their own; two test files at a time is what two cores carry.
    maxWorkers: 2,
    testTimeout: 120_000,
    env: softwareVulkan(), // tests of the GPU run on the CPU
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'notebooks/test/**/*.test.ts',
      'apps/lab/test/**/*.test.ts',
      'scripts/test/**/*.test.ts',
    ],
    exclude: ['**/*.slow.test.ts', '**/*.full.test.ts', '**/node_modules/**', '**/dist/**'],
  },
});
