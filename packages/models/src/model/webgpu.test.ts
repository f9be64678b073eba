import type { Engine } from '@dpo/engine';
import { allOnWebGpu, softwareGpu } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { fixtureModels } from '../test/_fixtures-for-tests.js';
import { expectNumbersOfPlainJavaScript } from './_engines-for-tests.js';

const gpu = await softwareGpu();

// Half a minute to a model on a software adapter: tooling/webgpu runs this test.
const isLeftOut = gpu.missing !== undefined || !allOnWebGpu;

describe.skipIf(isLeftOut)(`${gpu.title} computes as plain JavaScript does`, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await gpu.open();
  });
  afterAll(() => engine.dispose());

  it.each(fixtureModels)('%s', (name) => expectNumbersOfPlainJavaScript(engine, name), 600_000);
});
