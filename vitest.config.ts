import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'apps/lab/test/**/*.test.ts'],
    exclude: ['**/*.slow.test.ts', '**/node_modules/**', '**/dist/**'],
    testTimeout: 120_000,
    // Training tests start worker threads of their own; two test files at a time is what two cores carry.
    maxWorkers: 2,
  },
});
