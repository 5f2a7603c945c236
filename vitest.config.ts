import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Training tests start worker threads of their own; two test files at a time is what two cores carry.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'packages',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/*/test/**/*.test.ts',
            'notebooks/test/support.test.ts',
            'apps/lab/test/**/*.test.ts',
          ],
          exclude: ['**/*.slow.test.ts', '**/node_modules/**', '**/dist/**'],
          testTimeout: 120_000,
        },
      },
      {
        // Trains on all cores for a minute or two: alone, when everything else has ended.
        test: {
          name: 'notebook',
          include: ['notebooks/test/notebook.test.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
