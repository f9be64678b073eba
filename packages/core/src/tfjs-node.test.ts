import type { Engine } from '@dpo/engine';
import { tfjsNode } from '@dpo/engine/test';
import { afterAll, beforeAll, describe } from 'vitest';
import { testTrajectories } from './_trajectories-for-tests.js';

const native = tfjsNode();

describe.skipIf(native.missing !== undefined)(native.title, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await native.open();
  });
  afterAll(() => engine.dispose());
  testTrajectories(() => engine);
});
