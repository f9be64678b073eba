import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Packages resolve to their sources: nothing has to be built before the tests.
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'tooling/**/*.test.{ts,mjs}'],
    setupFiles: ['tooling/vitest/quiet-console.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
