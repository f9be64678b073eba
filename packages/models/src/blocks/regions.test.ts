import { random } from '@dpo/base';
import { type Engine, findLibrary, openEngine, type Values } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { geluExact, geluTanh, siluTimes } from './activations.js';
import { attention } from './attention.js';
import { addBias, addToResidual } from './bias.js';
import { layerNorm } from './layer-norm.js';
import { rmsNorm } from './rms-norm.js';
import { tokenLogps } from './token-logps.js';

const library = await findLibrary();
const fused = library === undefined ? undefined : await openEngine({ kind: 'tensorflow', regions: 'always' });
afterAll(() => fused?.dispose());

type Block = (...inputs: tf.Tensor[]) => tf.Tensor;

interface Case {
  readonly block: Block;
  readonly shapes: readonly (readonly number[])[];
}

const targets = () => tf.tensor1d([0, 6, 3, 3, 1], 'int32');
// Hides the last key of the first query.
const bias = () => tf.tensor([0, 0, -1e9, 0, 0, 0], [1, 1, 2, 3]) as tf.Tensor4D;
const heads = [
  [2, 4, 2, 3],
  [2, 2, 3, 3],
  [2, 2, 3, 3],
];
const rows = (x: tf.Tensor | undefined) => x as tf.Tensor2D;

const cases: Readonly<Record<string, Case>> = {
  'layer norm': {
    block: (x, scale, shift) => layerNorm(rows(x), rows(scale), rows(shift), 1e-5),
    shapes: [[4, 6], [6], [6]],
  },
  'RMS norm': { block: (x, scale) => rmsNorm(rows(x), rows(scale), 1e-5), shapes: [[4, 6], [6]] },
  'GELU by tanh': { block: (x) => geluTanh(rows(x)), shapes: [[4, 6]] },
  'GELU by tanh of a sum with a bias': { block: (x, b) => geluTanh(rows(x), b), shapes: [[4, 6], [6]] },
  'exact GELU': { block: (x) => geluExact(rows(x)), shapes: [[4, 6]] },
  'exact GELU of a sum with a bias': { block: (x, b) => geluExact(rows(x), b), shapes: [[4, 6], [6]] },
  SwiGLU: {
    block: (gate, up) => siluTimes(rows(gate), rows(up)).value,
    shapes: [
      [4, 6],
      [4, 6],
    ],
  },
  'a bias': { block: (x, b) => addBias(rows(x), b), shapes: [[4, 6], [6]] },
  'a residual with a bias': {
    block: (x, y, b) => addToResidual(rows(x), rows(y), b),
    shapes: [[4, 6], [4, 6], [6]],
  },
  'attention under a mask': {
    block: (q, k, v) => attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, bias()),
    shapes: heads,
  },
  'attention with capped scores and a scale': {
    block: (q, k, v) => attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, bias(), { cap: 1.5, scale: 2 }),
    shapes: heads,
  },
  'log-probabilities': {
    block: (h, w) => tokenLogps(rows(h), { unembedding: rows(w) }, targets()),
    shapes: [
      [5, 4],
      [7, 4],
    ],
  },
  'log-probabilities in pieces, with a bias and a cap': {
    block: (h, w, b) => {
      const head = { unembedding: rows(w), bias: b as tf.Tensor1D, cap: 2 };
      return tokenLogps(rows(h), head, targets(), { keep: 0, piece: 2 * 4 * 7 });
    },
    shapes: [[5, 4], [7, 4], [7]],
  },
};

/** The value of a block at random numbers within ±2, and the gradients of Σ value · random numbers. */
async function valueAndGradients(engine: Engine, { block, shapes }: Case): Promise<readonly Values[]> {
  const uniform = random(11);
  const numbers = (shape: readonly number[]): Values => ({
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 4 * uniform() - 2),
  });
  const inputs = Object.fromEntries(shapes.map((shape, i) => [`${i}`, numbers(shape)]));
  const f = engine.function<string, string>('block', (_, tensors) => {
    const args = shapes.map((_, i) => tensors[`${i}`] as tf.Tensor);
    const value = block(...args);
    const weights = tf.tensor(
      Float32Array.from({ length: value.size }, (_, i) => Math.cos(i)),
      value.shape,
    );
    const gradients = tf.grads((...at) => tf.sum(tf.mul(block(...at), weights)))(args);
    return Object.fromEntries([value, ...gradients].map((tensor, i) => [`${i}`, tensor]));
  });
  const results = Object.values(await f(inputs));
  f.dispose();
  return results;
}

describe.skipIf(library === undefined)(
  'compiled as regions, values and gradients are those of plain operations',
  () => {
    it.each(Object.entries(cases))('%s', async (_, item) => {
      const got = await valueAndGradients(fused as Engine, item);
      const want = await valueAndGradients(testEngine(), item);
      expect(got.map(({ shape }) => shape)).toEqual(want.map(({ shape }) => shape));
      for (const [i, { data }] of want.entries()) {
        const size = Math.max(...data.map(Math.abs));
        const errors = [...data].map((value, k) => Math.abs((got[i]?.data[k] as number) - value) / size);
        expect(Math.max(...errors), i === 0 ? 'value' : `gradient ${i}`).toBeLessThan(2e-6);
      }
    });
  },
);
