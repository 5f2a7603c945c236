import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.slow.test.ts', '{packages,apps}/*/test/**/*.slow.test.ts'],
    testTimeout: 3_600_000,
    maxWorkers: 1,
    reporters: ['verbose'],
  },
});
