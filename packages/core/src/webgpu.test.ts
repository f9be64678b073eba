import type { Engine } from '@dpo/engine';
import { allOnWebGpu, softwareGpu } from '@dpo/engine/test';
import { afterAll, beforeAll, describe } from 'vitest';
import { testTrajectories } from './_trajectories-for-tests.js';

const gpu = await softwareGpu();
// A minute to a run on a software adapter: tooling/webgpu runs these tests.
const isLeftOut = gpu.missing !== undefined || !allOnWebGpu;

describe.skipIf(isLeftOut)(gpu.title, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await gpu.open();
  });
  afterAll(() => engine.dispose());
  testTrajectories(() => engine);
});
