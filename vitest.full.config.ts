import { defineConfig } from 'vitest/config';

// What takes minutes: the notebook as it is committed, the example that trains models, the lab with real models, whole tasks
// and in Firefox, and the documentation site. One file at a time, since each trains on all cores.
export default defineConfig({
  test: {
    include: ['{notebooks,apps/lab,packages/cli,scripts}/test/**/*.full.test.ts'],
    testTimeout: 120_000,
    maxWorkers: 1,
  },
});
