import * as tf from '@tensorflow/tfjs-core';
import type { Engine, Precision, Values } from './types.js';

/** A precision, and the reason for the choice. */
export interface ChosenPrecision {
  readonly precision: Precision;
  readonly why: string;
}

/** How many times as fast as float32 bfloat16 must be, to be worth its rounding. */
const worthwhile = 1.15;

/**
 * Chooses the faster precision of a device: float32 when the processor does not multiply bfloat16, else the precision in which
 * a matrix product of the size of a small model's layer takes less time.
 *
 * @param engine runs the products in both precisions; TensorFlow's
 * @param cpuFlags the processor's features; undefined for a GPU, which is measured
 */
export async function choosePrecision(
  engine: Engine,
  cpuFlags: readonly string[] | undefined,
): Promise<ChosenPrecision> {
  if (cpuFlags !== undefined && !multipliesBfloat16(cpuFlags))
    return { precision: 'float32', why: 'the processor multiplies no bfloat16' };
  const ratio = await speedOfBfloat16(engine);
  const why = `bfloat16 measured at ${ratio.toFixed(1)} times the speed of float32`;
  return { precision: ratio >= worthwhile ? 'bfloat16' : 'float32', why };
}

/**
 * A sentence about bfloat16 that was asked for, on a processor that only emulates it, with the measured speed; undefined on a
 * processor that multiplies bfloat16.
 *
 * @param cpuFlags the processor's features; undefined for a GPU
 */
export async function bfloat16Warning(
  engine: Engine,
  cpuFlags: readonly string[] | undefined,
): Promise<string | undefined> {
  if (cpuFlags === undefined || multipliesBfloat16(cpuFlags)) return undefined;
  // Fewer products than for a choice, since emulated ones are slow.
  const ratio = await speedOfBfloat16(engine, 4);
  return `the processor only emulates bfloat16: measured at ${ratio.toFixed(2)} times the speed of float32`;
}

function multipliesBfloat16(cpuFlags: readonly string[]): boolean {
  return cpuFlags.includes('avx512_bf16') || cpuFlags.includes('amx_bf16');
}

/** How many times as fast as in float32 matrix products are in bfloat16. */
async function speedOfBfloat16(engine: Engine, chain?: number): Promise<number> {
  const float32 = await timeProducts(engine, 'float32', chain);
  return float32 / (await timeProducts(engine, 'bfloat16', chain));
}

/** The seconds of `chain` products of [512, 768] and [768, 768], one after another: the best of three repetitions. */
export async function timeProducts(engine: Engine, precision: Precision, chain = 8): Promise<number> {
  const [rows, width, repetitions] = [512, 768, 3];
  const products = engine.function(
    'measure-precision',
    (_, { x, w }: { readonly x: tf.Tensor; readonly w: tf.Tensor }) => {
      let y = x;
      for (let i = 0; i < chain; i++) y = tf.mul(tf.matMul(y, w), 1 / width);
      return { y: tf.sum(y) };
    },
    { precision },
  );
  const ones = (height: number): Values => {
    const data = new Float32Array(height * width).fill(1);
    return { dtype: 'float32', shape: [height, width], data };
  };
  const inputs = { x: ones(rows), w: ones(width) };
  try {
    await products(inputs);
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < repetitions; i++) {
      const start = performance.now();
      await products(inputs);
      best = Math.min(best, (performance.now() - start) / 1000);
    }
    return best;
  } finally {
    products.dispose();
  }
}
