import { defineConfig } from 'vitest/config';

// What trains for minutes: the notebook as it is committed, and the lab's exercises with their real models. One file at a
// time, since each trains on all cores.
export default defineConfig({
  test: {
    include: ['notebooks/test/**/*.full.test.ts', 'apps/lab/test/**/*.full.test.ts'],
    testTimeout: 120_000,
    maxWorkers: 1,
  },
});
