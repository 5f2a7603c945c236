import { defineConfig } from 'vitest/config';
import { softwareVulkan } from './scripts/softwareVulkan.mjs';

const left = ['**/*.slow.test.ts', '**/*.full.test.ts', '**/node_modules/**', '**/dist/**'];

/** Files of the library that leave something behind for whoever runs after them: threads, the process's own state, stand-ins. */
const alone = [
  'packages/core/test/loadEngine.test.ts',
  'packages/core/test/gpu.test.ts',
  'packages/core/src/training/parallel/workerPool.test.ts',
];

export default defineConfig({
  test: {
    // Training tests start worker threads of their own; two test files at a time is what two cores carry.
    maxWorkers: 2,
    testTimeout: 120_000,
    env: softwareVulkan(), // tests of the GPU run on the CPU
    projects: [
      {
        // The library's tests share two processes and what has been imported there: importing costs more than most of them take.
        extends: true,
        test: {
          name: 'library',
          isolate: false,
          include: ['packages/{core,figures}/{src,test}/**/*.test.ts'],
          exclude: [...left, ...alone],
        },
      },
      {
        extends: true,
        test: {
          name: 'programs',
          include: [
            'packages/cli/{src,test}/**/*.test.ts',
            'notebooks/test/**/*.test.ts',
            'apps/lab/test/**/*.test.ts',
            'scripts/test/**/*.test.ts',
            ...alone,
          ],
          exclude: left,
        },
      },
    ],
  },
});
