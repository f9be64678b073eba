import * as tf from '@tensorflow/tfjs-core';

/**
 * The rate of an engine's matrix products in GFLOP/s, the best of some runs: square products of float32 numbers, chained so that
 * none can be left out.
 *
 * @param {import('@dpo/engine').Engine} engine
 * @param {{ size?: number, chain?: number, runs?: number, precision?: import('@dpo/engine').Precision }} [options]
 */
export async function productRate(engine, { size = 2048, chain = 4, runs = 5, precision } = {}) {
  const products = engine.function(
    'products',
    (_, { x, w }) => {
      let y = x;
      for (let i = 0; i < chain; i++) y = tf.mul(tf.matMul(y, w), 1 / size);
      return { y: tf.sum(y) };
    },
    precision === undefined ? {} : { precision },
  );
  /** @type {import('@dpo/engine').Values} */
  const ones = { dtype: 'float32', shape: [size, size], data: new Float32Array(size * size).fill(1) };
  try {
    await products({ x: ones, w: ones });
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < runs; run++) {
      const begin = performance.now();
      await products({ x: ones, w: ones });
      best = Math.min(best, (performance.now() - begin) / 1000);
    }
    return (2 * chain * size ** 3) / best / 1e9;
  } finally {
    products.dispose();
  }
}
