import { defineConfig } from 'vitest/config';

/** Tests that need a real Kubernetes control plane: `npm run test:cluster`. */
const CLUSTER = ['test/contract/**/*.test.ts', 'test/e2e/**/*.test.ts', 'test/control-plane/**/*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Many tests start processes of their own.
    maxWorkers: 2,
    reporters: ['default', './test/support/totals-reporter.ts'],
    projects: [
      { extends: true, test: { name: 'main', include: ['test/**/*.test.ts'], exclude: CLUSTER } },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: CLUSTER,
          globalSetup: ['test/support/control-plane-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
