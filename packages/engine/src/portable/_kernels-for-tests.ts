import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expectClose } from '../shared/_engines-for-tests.js';
import { sizeOf } from '../shared/size-of.js';
import { allOnWebGpu, softwareGpu } from '../test/software-gpu.js';
import { tfjsNode } from '../test/tfjs-node.js';
import type { Engine, Values } from '../types.js';
import { openPortable } from './open-portable.js';

export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** A function of tensors, and its inputs. */
export interface Case {
  readonly inputs: Readonly<Record<string, Values>>;
  readonly op: (t: Tensors) => tf.Tensor | tf.Tensor[];
}

const [cpu, gpu] = [await openPortable('cpu'), await softwareGpu()];
const engines = [await openPortable('wasm')];
const native = tfjsNode();
if (native.missing === undefined) engines.push(await native.open());
if (allOnWebGpu && gpu.missing === undefined) {
  engines.push(await gpu.open());
  // Small tensors would be computed by plain JavaScript.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
}

/** WebGPU's language promises nothing for numbers that are not finite. */
export const onlyWasm = engines.slice(0, 1);

/**
 * Asserts that a case gives the same as on plain JavaScript: on WebAssembly, on tfjs-node where the package is built, and on WebGPU
 * when all tests run there.
 */
export async function expectSame({ inputs, op }: Case, { tolerance = 2e-5, on = engines } = {}): Promise<void> {
  const run = async (engine: Engine): Promise<Record<string, Values>> => {
    const f = engine.function('case', (_, tensors: Tensors) =>
      Object.fromEntries([op(tensors)].flat().map((tensor, i) => [`${i}`, tensor])),
    );
    return f(inputs);
  };
  const expected = await run(cpu);
  for (const engine of on) {
    const actual = await run(engine);
    for (const [name, values] of Object.entries(expected)) expectClose(actual[name], values, tolerance);
  }
}

/** Asserts {@link expectSame} for many cases. */
export async function check(cases: fc.Arbitrary<Case>, runs = 15): Promise<void> {
  await fc.assert(
    fc.asyncProperty(cases, (each) => expectSame(each)),
    { numRuns: runs, seed: 7 },
  );
}

/** Float32 values that look random. */
export function floats(shape: readonly number[], seed: number, low = -3, high = 3): Values {
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => low + (high - low) * unit(seed, i));
  return { dtype: 'float32', shape, data };
}

/** Int32 values that look random. */
export function ints(shape: readonly number[], seed: number, low = -5, high = 6): Values {
  const data = Int32Array.from({ length: sizeOf(shape) }, (_, i) => Math.floor(low + (high - low) * unit(seed, i)));
  return { dtype: 'int32', shape, data };
}

/** A number in [0, 1) that looks random. */
export function unit(seed: number, i: number): number {
  const x = Math.sin(seed * 12.9898 + i * 78.233 + 1) * 43758.5453;
  return x - Math.floor(x);
}

export const seeds = fc.integer({ min: 0, max: 1e6 });

/** Shapes of some ranks. */
export function shapes(minRank = 0, maxRank = 5, min = 1): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min, max: 4 }), { minLength: minRank, maxLength: maxRank });
}

export const asInt = (t: tf.Tensor): tf.Tensor => tf.cast(t, 'int32');
