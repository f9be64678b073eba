import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { draw } from './draw.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

/** Logits over many orders of magnitude, with stretches that have no weight at all. */
function spread(vocabulary: number): Float32Array {
  return Float32Array.from({ length: vocabulary }, (_, id) => {
    const empty = vocabulary > 50 && (id % 97 < 20 || (id >= 256 && id < 512 && vocabulary > 600));
    return empty ? -1000 : 6 * Math.sin(id * id);
  });
}

describe.each([[5], [256], [300], [1000]])('a vocabulary of %i', (vocabulary) => {
  it.each([1, 0.5, 2])('at temperature %f, inverts the distribution function', (temperature) => {
    const logits = spread(vocabulary);
    const n = 64;
    const uniforms = Float32Array.from({ length: n }, (_, i) => (i === n - 1 ? 1 - 2 ** -24 : i / n));
    const lanes = tf.tile(tf.tensor2d(logits, [1, vocabulary]), [n, 1]) as tf.Tensor2D;
    const { tokens, logps } = draw(
      temperature === 1 ? 'sample' : 'tempered',
      lanes,
      tf.tensor1d(uniforms),
      tf.scalar(1 / temperature),
    );

    const weights = [...logits].map((logit) => Math.exp(logit / temperature));
    const all = weights.reduce((a, b) => a + b);
    const plain = Math.log([...logits].reduce((sum, logit) => sum + Math.exp(logit), 0));
    const [ids, got] = [tokens?.dataSync() ?? [], logps?.dataSync() ?? []];
    uniforms.forEach((u, i) => {
      const id = ids[i] as number;
      const below = weights.slice(0, id).reduce((a, b) => a + b, 0) / all;
      expect(below).toBeLessThanOrEqual(u + 1e-5);
      expect(below + (weights[id] as number) / all).toBeGreaterThan(u - 1e-5);
      expect(logits[id]).toBeGreaterThan(-100);
      expect(got[i]).toBeCloseTo((logits[id] as number) - plain, 4);
    });
  });

  it('greedily, takes the first of the likeliest tokens', () => {
    const logits = new Float32Array(2 * vocabulary).fill(-1);
    logits[3] = 2;
    logits[4] = 2;
    logits[vocabulary + 1] = 0;
    const { tokens } = draw('greedy', tf.tensor2d(logits, [2, vocabulary]), tf.zeros([2]), tf.scalar(1));
    expect([...(tokens?.dataSync() ?? [])]).toEqual([3, 1]);
  });
});
