import { defineConfig } from 'vitest/config';

// The packages as others get them (npm run test:packages): packed, installed into an empty project from the npm registry,
// built by the usual bundlers, run in a browser. No part of npm test.
export default defineConfig({
  test: {
    include: ['scripts/packages/*.packages.test.ts'],
    globalSetup: ['scripts/packages/packed.ts'],
    testTimeout: 300_000,
    hookTimeout: 600_000,
    maxWorkers: 1,
    reporters: ['verbose'],
  },
});
