import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/**
 * Test files that need a process of their own: they replace modules before anything imports them, count what a process opens, or
 * start what a process has once.
 */
const apart = [
  'packages/data/src/files/opens-once.test.ts',
  'packages/run/src/inputs/open-model.test.ts',
  'packages/run/src/workers/**/*.test.ts',
  'apps/cli/src/places/outputs.test.ts',
  'apps/cli/src/commands/engine.test.ts',
  'packages/engine/src/**/*.test.ts',
  // All engines of a process share its memory limit.
  'packages/models/src/blocks/kept-values.test.ts',
  // A GPU's device and its shaders stay as long as their process, and so does tfjs-node's TensorFlow.
  'packages/*/src/**/webgpu.test.ts',
  'packages/*/src/**/tfjs-node.test.ts',
];

export default defineConfig({
  // Packages resolve to their sources: nothing has to be built before the tests.
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    setupFiles: ['tooling/vitest/quiet-console.ts'],
    pool: 'forks',
    // Many tests wait for programs that they start: a second process makes use of that time on two cores, too.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        // Files share processes and the modules that these have loaded: loading them anew took a third of the time of all tests.
        extends: true,
        test: {
          name: 'shared',
          isolate: false,
          include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'tooling/**/*.test.{ts,mjs}'],
          exclude: [...configDefaults.exclude, ...apart],
        },
      },
      { extends: true, test: { name: 'apart', include: apart } },
    ],
  },
});
