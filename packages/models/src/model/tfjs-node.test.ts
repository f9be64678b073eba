import type { Engine } from '@dpo/engine';
import { tfjsNode } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { oneOfEach } from '../test/_fixtures-for-tests.js';
import { expectNumbersOfPlainJavaScript } from './_engines-for-tests.js';

const native = tfjsNode();

describe.skipIf(native.missing !== undefined)(`${native.title} computes as plain JavaScript does`, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await native.open();
  });
  afterAll(() => engine.dispose());

  it.each(oneOfEach)('%s', (name) => expectNumbersOfPlainJavaScript(engine, name));
});
