import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['notebooks/test/**/*.full.test.ts'], testTimeout: 120_000, maxWorkers: 1 },
});
