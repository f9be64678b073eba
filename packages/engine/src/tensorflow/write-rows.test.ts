import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { floats, ints } from '../shared/_engines-for-tests.js';
import { testEngine } from '../test/index.js';
import type { Engine } from '../types.js';
import { libraryForTests } from './_library-for-tests.js';
import { openTensorFlow } from './tensorflow-engine.js';

const library = await libraryForTests();
const engines: [string, Engine][] = [['plain', testEngine()]];
if (library !== undefined) {
  engines.push(['tensorflow', openTensorFlow({ folder: library })]);
  engines.push(['xla', openTensorFlow({ folder: library, xla: true })]);
}
afterAll(async () => {
  for (const [, engine] of engines) await engine.dispose();
});

const inputs = (places: readonly number[]) => ({
  places: ints([places.length], places),
  value: floats(
    [places.length, 2],
    places.flatMap((place) => [place + 0.5, -place]),
  ),
});

describe.each(engines)('rows written in place on the %s engine', (kind, engine) => {
  it.each(['float32', 'bfloat16'] as const)(
    'stand where the places say, call after call, stored in %s',
    async (storage) => {
      const cache = engine.variable(
        'cache',
        [2, 3, 2],
        Float32Array.from({ length: 12 }, (_, i) => i),
        { storage },
      );
      const write = engine.function('write', (scope, { places, value }: Record<'places' | 'value', tf.Tensor>) => {
        scope.writeRows(cache, places, value);
        return {};
      });
      await write(inputs([4, 1]));
      // Row r holds 2r and 2r + 1 at first.
      expect([...(await cache.read())]).toEqual([0, 1, 1.5, -1, 4, 5, 6, 7, 4.5, -4, 10, 11]);
      await write(inputs([0, 5]));
      expect([...(await cache.read())]).toEqual([0.5, -0, 1.5, -1, 4, 5, 6, 7, 4.5, -4, 5.5, -5]);
      cache.dispose();
    },
  );

  it('leave the value that the body has read as it was', async () => {
    const cache = engine.variable(
      'cache',
      [3, 2],
      Float32Array.from({ length: 6 }, (_, i) => i),
    );
    const write = engine.function('write', (scope, { places, value }: Record<'places' | 'value', tf.Tensor>) => {
      const before = scope.read(cache);
      scope.writeRows(cache, places, value);
      return { before: tf.add(before, 0) };
    });
    expect([...(await write(inputs([1]))).before.data]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...(await cache.read())]).toEqual([0, 1, 1.5, -1, 4, 5]);
    cache.dispose();
  });

  it.skipIf(kind === 'xla')('are refused beyond the end, and nothing changes', async () => {
    const cache = engine.variable('cache', [3, 2]);
    const write = engine.function('write', (scope, { places, value }: Record<'places' | 'value', tf.Tensor>) => {
      scope.writeRows(cache, places, value);
      return {};
    });
    for (const place of [3, -1])
      await expect(write(inputs([0, place]))).rejects.toMatchObject({ code: expect.stringMatching(/^engine\./) });
    expect([...(await cache.read())]).toEqual([0, 0, 0, 0, 0, 0]);
    cache.dispose();
  });

  it('must fit the variable', async () => {
    const cache = engine.variable('cache', [3, 4]);
    const write = engine.function('write', (scope, { places, value }: Record<'places' | 'value', tf.Tensor>) => {
      scope.writeRows(cache, places, value);
      return {};
    });
    await expect(write(inputs([1]))).rejects.toMatchObject({ code: 'engine.wrong-shape' });
    cache.dispose();
  });
});
