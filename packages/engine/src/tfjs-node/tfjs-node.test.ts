import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tfjsNode } from '../test/tfjs-node.js';
import type { Engine, Values } from '../types.js';
import { openTfjsNode } from './open-tfjs-node.js';

const native = tfjsNode();

describe.skipIf(native.missing !== undefined)(native.title, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await native.open();
  });
  afterAll(() => engine.dispose());
  const floats = (...data: number[]): Values => ({
    dtype: 'float32',
    shape: [data.length],
    data: Float32Array.from(data),
  });

  it('says what computes', async () => {
    expect(engine).toMatchObject({ kind: 'tfjs-node', precision: 'float32' });
    expect(engine.description).toMatch(
      /^portable engine \(@tensorflow\/tfjs-node(-gpu)? \d\S* on (the processor|a GPU)\), float32$/,
    );
  });

  it('computes on the device that it has', async () => {
    const other = engine.device === 'cpu' ? 'gpu' : 'cpu';
    const from = process.env.DPO_TEST_TFJS_NODE;
    await expect(openTfjsNode({ from, device: other })).rejects.toMatchObject({ code: 'engine.no-device' });
    expect((await openTfjsNode({ from, device: engine.device })).device).toBe(engine.device);
  });

  it('says what TensorFlow refuses', async () => {
    const side = 2 ** 20;
    const large = engine.function('large', (_, { x }: { readonly x: tf.Tensor }) => {
      const column = tf.tile(tf.reshape(x, [1, 1]), [side, 1]);
      return { y: tf.sum(tf.matMul(column as tf.Tensor2D, column as tf.Tensor2D, false, true)) };
    });
    await expect(large({ x: floats(1) })).rejects.toMatchObject({
      code: 'engine.out-of-memory',
      message: expect.stringContaining('shape[1048576,1048576]'),
    });
    const right = engine.function('right', (_, { x }: { readonly x: tf.Tensor }) => ({ y: tf.mul(x, 2) }));
    expect([...(await right({ x: floats(1, 2) })).y.data]).toEqual([2, 4]);
  });
});
