import { defineConfig } from 'vitest/config';

// With a real language model (npm run test:models), which is fetched once: no part of npm test.
export default defineConfig({
  test: {
    include: ['scripts/models/*.models.test.ts'],
    testTimeout: 600_000,
    maxWorkers: 1,
    reporters: ['verbose'],
  },
});
