import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eagerEngine } from '../portable/eager-engine.js';
import { region } from '../region.js';
import type { RegionShader } from '../region-shader.js';
import { floats } from '../shared/_engines-for-tests.js';
import { softwareGpu } from '../test/software-gpu.js';
import type { Engine, Values } from '../types.js';
import { startDevice } from './start-device.js';

/** Two passes: the sums of rows, then x · factor + the row's sum, and x itself without what the row's largest element exceeds. */
const shader: RegionShader = {
  inputs: ['x'],
  constants: ['factor'],
  outputs: ['y', 'below'],
  sizes: ['width'],
  plan: (x = []) => {
    const [rows = 1, width = 1] = x;
    // Says no to three columns, as shaders do whose tensors must fit together.
    return width === 3 ? undefined : { tensors: { y: x, below: x, sums: [rows, 1] }, sizes: { width } };
  },
  passes: [
    {
      reads: ['x'],
      writes: ['sums', 'below'],
      over: { rowsOf: 'x' },
      code: `
var sum = 0.0;
var largest = x[row * width];
for (var k = lane; k < width; k += lanes) { sum += x[row * width + k]; largest = max(largest, x[row * width + k]); }
sum = sum_of_row(sum, lane);
largest = largest_of_row(largest, lane);
if (lane == 0u) { sums[row] = sum; }
for (var k = lane; k < width; k += lanes) { below[row * width + k] = largest - x[row * width + k]; }`,
    },
    {
      reads: ['x', 'sums'],
      writes: ['y'],
      over: { elementsOf: 'y' },
      code: 'y[i] = scaled(x[i], factor) + sums[i / width];',
    },
  ],
  functions: 'fn scaled(value : f32, by : f32) -> f32 { return value * by; }',
};

/** How often the operations ran. Their dispatches do not tell: tfjs computes few numbers on the processor. */
let bodies = 0;

const pair = region(
  'pair',
  (x: tf.Tensor, factor: number) => {
    bodies++;
    return [tf.add(tf.mul(x, factor), tf.sum(x, 1, true)), tf.sub(tf.max(x, 1, true), x)];
  },
  { shader },
);

const gpu = await softwareGpu();

describe.skipIf(gpu.missing !== undefined)(`a region on ${gpu.title}`, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await gpu.open();
  });
  afterAll(() => engine.dispose());

  /** The two outputs for x, and whether they come from the shader or from the operations. */
  const run = async (on: Engine, x: Values) => {
    const f = on.function<string, string>('pair', (_, { x }) => {
      const [y, below] = pair(x as tf.Tensor, 0.5) as [tf.Tensor, tf.Tensor];
      return { y, below };
    });
    const [before, start] = [on.work?.().dispatches ?? 0, bodies];
    const { y, below } = await f({ x });
    f.dispose();
    const dispatches = (on.work?.().dispatches ?? 0) - before;
    const by = bodies > start ? 'operations' : `${dispatches} passes`;
    return { y: [...(y?.data ?? [])], below: [...(below?.data ?? [])], by };
  };
  const four = floats([2, 4], [1, 2, 3, 4, -1, 0, 8, 5]);
  /** Sums 10 and 12, largest elements 4 and 8. */
  const expected = {
    y: [10.5, 11, 11.5, 12, 11.5, 12, 16, 14.5],
    below: [3, 2, 1, 0, 9, 8, 0, 3],
  };

  it('runs as the passes of its shader', async () => {
    expect(await run(engine, four)).toEqual({ ...expected, by: '2 passes' });
  });

  it('joins rows that are longer than a group has threads, in the same order every time', async () => {
    const data = Array.from({ length: 3 * 1000 }, (_, i) => Math.sin(i));
    const [once, again] = [await run(engine, floats([3, 1000], data)), await run(engine, floats([3, 1000], data))];
    expect(again).toEqual(once);
    const sum = data.slice(0, 1000).reduce((a, b) => a + b, 0);
    expect(once.y[1]).toBeCloseTo(0.5 * Math.sin(1) + sum, 3);
    expect(once.below[2]).toBeCloseTo(Math.max(...data.slice(0, 1000)) - Math.sin(2), 5);
  });

  it('runs operation by operation where the shader takes no such shapes, or numbers of another type', async () => {
    const three = await run(engine, floats([2, 3], [1, 2, 3, 4, 5, 6]));
    expect(three).toMatchObject({ y: [6.5, 7, 7.5, 17, 17.5, 18], below: [2, 1, 0, 2, 1, 0] });
    expect(three.by).toBe('operations');
    const integers = await run(engine, { dtype: 'int32', shape: [1, 4], data: Int32Array.of(1, 2, 3, 4) });
    expect(integers).toMatchObject({ below: [3, 2, 1, 0] });
    expect(integers.by).toBe('operations');
  });

  it('runs operation by operation where a tensor takes more bytes than a binding', async () => {
    const small = eagerEngine(await startDevice({ device: 'cpu', pieceBytes: 256 }), 'with small bindings');
    const data = Array.from({ length: 128 }, (_, i) => i);
    const large = await run(small, floats([1, 128], data));
    expect(large.by).toBe('operations');
    expect(large.y.slice(0, 3)).toEqual([8128, 8128.5, 8129]);
    expect((await run(small, four)).by).toBe('2 passes');
    await small.dispose();
  });
});
