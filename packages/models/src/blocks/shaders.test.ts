import { random } from '@dpo/base';
import type { Engine, Values } from '@dpo/engine';
import { softwareGpu, testEngine } from '@dpo/engine/test';
import type * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { residualSum } from './bias-regions.js';
import { geluExactRegions, geluTanhRegions } from './gelu-regions.js';
import { layerNormGradient, normalisedLayer } from './layer-norm-regions.js';
import { cappedLogitGradient, logitGradient, logSumExp } from './logit-regions.js';
import { normalisedRms, rmsNormGradient } from './rms-norm-regions.js';
import { siluProduct, siluProductGradient } from './silu-regions.js';
import { biasedSoftmax, biasedSoftmaxGradient } from './softmax-regions.js';

type Body = (...inputs: tf.Tensor[]) => tf.Tensor | readonly tf.Tensor[];

/** A region with its numbers, its dispatches, and the shapes of its inputs for an output [N, D] or [B, H, T, S]. */
interface Case {
  /** The region as a function of its tensors. */
  readonly body: (...inputs: [tf.Tensor, tf.Tensor, tf.Tensor]) => tf.Tensor | readonly tf.Tensor[];
  readonly dispatches: number;
  readonly inputs: (shape: readonly number[]) => readonly (readonly number[])[];
}

const same = (count: number) => (shape: readonly number[]) => Array<readonly number[]>(count).fill(shape);
const [matrix, vector] = [(shape: readonly number[]) => shape, (shape: readonly number[]) => shape.slice(-1)];
/** Inputs by a letter each: M has the output's shape, V that of its last axis. */
const of = (letters: string) => (shape: readonly number[]) =>
  [...letters].map((letter) => (letter === 'M' ? matrix : vector)(shape));

const matrices: Readonly<Record<string, Case>> = {
  'layer norm': { body: (x, scale, shift) => normalisedLayer(x, scale, shift, 1e-5), dispatches: 1, inputs: of('MVV') },
  'gradient of layer norm': {
    body: (dy, x, scale) => layerNormGradient(dy, x, scale, 1e-5),
    dispatches: 2,
    inputs: of('MMV'),
  },
  'RMS norm': { body: (x, scale) => normalisedRms(x, scale, 1e-5), dispatches: 1, inputs: of('MV') },
  'gradient of RMS norm': {
    body: (dy, x, scale) => rmsNormGradient(dy, x, scale, 1e-5),
    dispatches: 2,
    inputs: of('MMV'),
  },
  SwiGLU: { body: siluProduct, dispatches: 1, inputs: same(2) },
  'gradient of SwiGLU': { body: siluProductGradient, dispatches: 1, inputs: same(3) },
  ...Object.fromEntries(
    Object.entries({ 'GELU by tanh': geluTanhRegions, 'exact GELU': geluExactRegions }).flatMap(([name, regions]) =>
      Object.entries<Case>({
        [name]: { body: regions.value, dispatches: 1, inputs: same(1) },
        [`gradient of ${name}`]: { body: regions.gradient, dispatches: 1, inputs: same(2) },
        [`${name} of a sum with a bias`]: { body: regions.ofSum, dispatches: 1, inputs: of('MV') },
        [`gradient of ${name} of a sum with a bias`]: {
          body: regions.gradientOfSum,
          dispatches: 2,
          inputs: of('MMV'),
        },
      }),
    ),
  ),
  'residual with a bias': { body: residualSum, dispatches: 1, inputs: of('MMV') },
  'log-sum-exp': { body: logSumExp, dispatches: 1, inputs: same(1) },
  'gradient by logits': {
    body: logitGradient,
    dispatches: 1,
    inputs: ([rows = 1, width = 1]) => [
      [rows, width],
      [rows, 1],
      [rows, 1],
    ],
  },
  'gradient by transposed logits': {
    body: logitGradient,
    dispatches: 1,
    inputs: ([rows = 1, width = 1]) => [
      [rows, width],
      [1, width],
      [1, width],
    ],
  },
  'gradient by capped logits': {
    body: (z, total, dy) => cappedLogitGradient(z, total, dy, 2.5),
    dispatches: 1,
    inputs: ([rows = 1, width = 1]) => [
      [rows, width],
      [rows, 1],
      [rows, 1],
    ],
  },
};

const scores: Readonly<Record<string, Case>> = {
  'softmax of scores with a bias to each packed row': {
    body: (x, bias) => biasedSoftmax(x, bias, 0.3),
    dispatches: 1,
    inputs: ([b = 1, h = 1, t = 1, s = 1]) => [
      [b, h, t, s],
      [b, 1, t, s],
    ],
  },
  'softmax of scores with one bias': {
    body: (x, bias) => biasedSoftmax(x, bias, 1),
    dispatches: 1,
    inputs: ([b = 1, h = 1, t = 1, s = 1]) => [
      [b, h, t, s],
      [1, 1, t, s],
    ],
  },
  'gradient of softmax': { body: (dy, y) => biasedSoftmaxGradient(dy, y, 0.3), dispatches: 1, inputs: same(2) },
};

/** Odd sizes, one row, rows longer than a group has threads, and more rows than such a group. */
const sizes = {
  matrices: [
    [5, 7],
    [1, 130],
    [3, 1031],
    [131, 3],
  ],
  scores: [
    [2, 3, 5, 7],
    [1, 2, 1, 131],
    [3, 1, 2, 300],
  ],
} as const;

/** The outputs of a region at random numbers within ±2, and the dispatches of the call. */
async function outputs(engine: Engine, body: Body, shapes: readonly (readonly number[])[]) {
  const uniform = random(7);
  const numbers = (shape: readonly number[]): Values => ({
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 4 * uniform() - 2),
  });
  const f = engine.function<string, string>('region', (_, tensors) => {
    const results = [body(...shapes.map((_, i) => tensors[`${i}`] as tf.Tensor))].flat() as tf.Tensor[];
    return Object.fromEntries(results.map((tensor, i) => [`${i}`, tensor]));
  });
  const before = engine.work?.().dispatches ?? 0;
  const values = Object.values(await f(Object.fromEntries(shapes.map((shape, i) => [`${i}`, numbers(shape)]))));
  f.dispose();
  return { values, dispatches: (engine.work?.().dispatches ?? 0) - before };
}

const gpu = await softwareGpu();

describe.skipIf(gpu.missing !== undefined)(`shaders of regions on ${gpu.title} give what the operations give`, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await gpu.open();
  });
  afterAll(() => engine.dispose());

  const all = [
    ...Object.entries(matrices).map(([name, item]) => ({ name, item, shapes: sizes.matrices })),
    ...Object.entries(scores).map(([name, item]) => ({ name, item, shapes: sizes.scores })),
  ];
  it.each(all)('$name', async ({ item, shapes }) => {
    for (const shape of shapes) {
      const inputs = item.inputs(shape);
      const got = await outputs(engine, item.body as Body, inputs);
      const want = await outputs(testEngine(), item.body as Body, inputs);
      expect(got.dispatches).toBe(item.dispatches);
      expect(got.values.map(({ shape }) => shape)).toEqual(want.values.map(({ shape }) => shape));
      for (const [i, { data }] of want.values.entries()) {
        const largest = Math.max(...data.map(Math.abs));
        const errors = [...data].map((value, k) => Math.abs((got.values[i]?.data[k] as number) - value) / largest);
        expect(Math.max(...errors), `output ${i} of ${inputs.map((each) => `[${each}]`)}`).toBeLessThan(5e-6);
      }
    }
  });
});
