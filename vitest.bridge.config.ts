import { defineConfig } from 'vitest/config';

// Against real TransformerLens (npm run test:bridge): installs Python packages, so it is no part of npm test.
export default defineConfig({
  test: {
    include: ['scripts/bridge/*.bridge.test.ts'],
    testTimeout: 600_000,
    maxWorkers: 1,
    reporters: ['verbose'],
  },
});
