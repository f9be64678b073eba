import { findLibrary, openEngine } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { siluTimes } from './activations.js';
import { weightProduct } from './cheap-value.js';
import { rmsNorm } from './rms-norm.js';

const library = await findLibrary();
const [N, D, INNER, LAYERS] = [512, 256, 2048, 8];
const MIB = 2 ** 20;
/** A product takes 4 MiB. Each layer keeps two products, and states before and behind its norm. */
const KEPT = LAYERS * (2 * 4 + 2 * 0.5) * MIB;
/** Three weights and their gradients of 2 MiB each, and what one layer needs while it is computed. */
const REST = 44 * MIB;

const noise = (count: number, phase: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + phase) / Math.sqrt(D));

// All engines of a process share the limit, so that the test has a file of its own.
it.skipIf(library === undefined)(
  'a layer keeps its two products, and nothing between them and the next product, nor that product’s input',
  async () => {
    const engine = await openEngine({ kind: 'tensorflow', memoryLimit: KEPT + REST });
    const weights = [0, 1, 2].map((i) => engine.variable(`w${i}`, [INNER, D], noise(INNER * D, i)));
    const scale = engine.variable('scale', [D], new Float32Array(D).fill(1));
    const gradients = engine.function('gradients', (scope, { x }: { readonly x: tf.Tensor }) => {
      const loss = (...parameters: tf.Tensor[]) => {
        const [gate, up, down] = parameters as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
        let h = x as tf.Tensor2D;
        for (let i = 0; i < LAYERS; i++) {
          const n = rmsNorm(h, scope.read(scale), 1e-6);
          const gated = siluTimes(weightProduct(n, gate, true), weightProduct(n, up, true));
          h = tf.add(h, weightProduct(gated, down, false));
        }
        return tf.sum(tf.square(h)) as tf.Scalar;
      };
      const [down] = tf
        .grads(loss)(weights.map((weight) => scope.read(weight)))
        .slice(2);
      return { down: down as tf.Tensor };
    });
    const { down } = await gradients({ x: { dtype: 'float32', shape: [N, D], data: noise(N * D, 9) } });
    expect(down.data.some((value) => value !== 0)).toBe(true);
    await engine.dispose();
  },
);
