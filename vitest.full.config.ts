import { defineConfig } from 'vitest/config';

// What takes minutes: the notebook as it is committed, the lab with real models, whole tasks and in Firefox, and the documentation site. One file at a
// time, since each trains on all cores.
export default defineConfig({
  test: {
    include: ['notebooks/test/**/*.full.test.ts', 'apps/lab/test/**/*.full.test.ts', 'scripts/test/*.full.test.ts'],
    testTimeout: 120_000,
    maxWorkers: 1,
  },
});
