import { random } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type Block, recompute } from './recompute.js';
import { expectClose, floats, ints } from './shared/_engines-for-tests.js';
import { libraryForTests } from './tensorflow/_library-for-tests.js';
import { openTensorFlow } from './tensorflow/tensorflow-engine.js';
import { testEngine } from './test/index.js';
import { softwareGpu } from './test/software-gpu.js';
import type { Engine, Values } from './types.js';

const library = await libraryForTests();
const D = 4;

/** x + mask · tanh(x W) · tanh(x V), with a mask of 0 or 1 for each row */
const block: Block = (x, w, v, mask) => {
  const inner = tf.mul(
    tf.tanh(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D)),
    tf.tanh(tf.matMul(x as tf.Tensor2D, v as tf.Tensor2D)),
  );
  return tf.add(x, tf.mul(inner, tf.cast(mask as tf.Tensor, 'float32')));
};

async function lossAndGradients(engine: Engine, body: Block): Promise<Record<string, Values>> {
  const uniform = random(5);
  const noise = (size: number) => Float32Array.from({ length: size }, () => uniform() - 0.5);
  const weights = Array.from({ length: 6 }, (_, i) => engine.variable(`w${i}`, [D, D], noise(D * D)));
  const step = engine.function('step', (scope, { x, mask }: { readonly x: tf.Tensor; readonly mask: tf.Tensor }) => {
    const { value, grads } = tf.valueAndGrads((...w: tf.Tensor[]) => {
      // Computed inside the forward pass, as a model computes its masks.
      const rows = tf.sub(1, mask);
      let h = x;
      for (let layer = 0; layer < 6; layer += 2) h = body(h, w[layer] as tf.Tensor, w[layer + 1] as tf.Tensor, rows);
      return tf.sum(tf.square(h)) as tf.Scalar;
    })(weights.map((weight) => scope.read(weight)));
    return { value, ...Object.fromEntries(grads.map((gradient, i) => [`g${i}`, gradient])) };
  });
  return step({ x: floats([3, D], noise(3 * D)), mask: ints([3, 1], [0, 1, 0]) });
}

const gpu = await softwareGpu();
const open: Record<string, () => Engine | Promise<Engine>> = {
  plain: testEngine,
  webgpu: gpu.open,
  tensorflow: () => openTensorFlow({ folder: library ?? '' }),
  xla: () => openTensorFlow({ folder: library ?? '', xla: true }),
};
const isMissing = (kind: string): boolean =>
  kind === 'webgpu' ? gpu.missing !== undefined : kind !== 'plain' && library === undefined;

describe.each(Object.entries(open))('recomputation on the %s engine', (kind, start) => {
  it.skipIf(isMissing(kind))('changes neither value nor gradients', async () => {
    const engine = await start();
    const expected = await lossAndGradients(testEngine(), block);
    const actual = await lossAndGradients(engine, recompute(block));
    expect(Object.keys(actual)).toHaveLength(7);
    for (const [name, values] of Object.entries(expected)) expectClose(actual[name], values, 1e-5);
    await engine.dispose();
  });
});
