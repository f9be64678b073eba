import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { clear } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/** From this inner length on, tfjs adds parts of a product in the order in which threads come. */
const LONG = 2000;
/** Up to so many tiles of 32 × 32, tiles are made smaller, so that all parts of a GPU work. */
const FEW_TILES = 16;
/** tfjs's numbers of its programs: a thread to each element, and tiles. */
const [BY_ELEMENTS, BY_TILES] = [2, 3];
const CHOICE = 'WEBGPU_MATMUL_PROGRAM_TYPE';

/**
 * Matrix products by tfjs's kernel, with two differences. Long inner dimensions are summed in a fixed order, so that a resumed run
 * repeats its numbers. And an empty inner dimension gives zeros.
 */
export function matMulWith(own: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
    const [a, b] = [call.inputs.a as tf.TensorInfo, call.inputs.b as tf.TensorInfo];
    const [rows, inner] = sides(a, transposeA);
    const [, columns] = sides(b, transposeB);
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    if (inner === 0) return zeros(call.backend as TfjsBackend, [...batch, rows, columns]);
    if (inner < LONG) return own(call);
    const few = sizeOf(batch) * Math.ceil(rows / 32) * Math.ceil(columns / 32) <= FEW_TILES;
    return withChoice(few ? BY_ELEMENTS : BY_TILES, () => own(call));
  };
}

function sides({ shape }: tf.TensorInfo, transpose: boolean): [number, number] {
  const [rows = 1, columns = 1] = shape.slice(-2);
  return transpose ? [columns, rows] : [rows, columns];
}

function zeros(backend: TfjsBackend, shape: readonly number[]): tf.TensorInfo {
  const result = backend.makeTensorInfo([...shape], 'float32');
  if (sizeOf(shape) > 0) clear(backend, result);
  return result;
}

/** Runs work with a choice of tfjs's program. The flag is everybody's, and is put back. */
function withChoice<T>(choice: number, work: () => T): T {
  const before = tf.env().getNumber(CHOICE);
  tf.env().set(CHOICE, choice);
  try {
    return work();
  } finally {
    tf.env().set(CHOICE, before);
  }
}
