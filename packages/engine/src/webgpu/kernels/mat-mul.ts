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
 * Matrix products by tfjs's kernel, with three differences. Batches broadcast both ways: tfjs pairs such batches wrongly. Long inner
 * dimensions are summed in a fixed order, so that a resumed run repeats its numbers. And an empty inner dimension gives zeros.
 */
export function matMulWith(own: tf.KernelFunc, repeat: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const { inputs, attrs } = call;
    const backend = call.backend as TfjsBackend;
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    const [a, b] = [inputs.a as tf.TensorInfo, inputs.b as tf.TensorInfo];
    const [rows, inner] = sides(a, transposeA);
    const [, columns] = sides(b, transposeB);
    const [ofA, ofB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(ofA, ofB);
    if (inner === 0) return zeros(backend, [...batch, rows, columns]);
    const pairs = sizeOf(ofA) === 1 || sizeOf(ofB) === 1 || `${ofA}` === `${ofB}`;
    const operands = pairs ? [a, b] : [a, b].map((x) => repeatTo(x, batch, repeat, backend));
    const few = sizeOf(batch) * Math.ceil(rows / 32) * Math.ceil(columns / 32) <= FEW_TILES;
    const product = (): tf.TensorInfo =>
      own({ ...call, inputs: { a: operands[0], b: operands[1] } as tf.NamedTensorInfoMap }) as tf.TensorInfo;
    const result = inner < LONG ? product() : withChoice(few ? BY_ELEMENTS : BY_TILES, product);
    if (!pairs) for (const { dataId } of operands) backend.disposeData(dataId);
    return result;
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

/** Repeats a tensor's matrices until they are a batch. The caller disposes of the result. */
function repeatTo(x: tf.TensorInfo, batch: readonly number[], repeat: tf.KernelFunc, backend: object): tf.TensorInfo {
  const own = [...Array<number>(batch.length + 2 - x.shape.length).fill(1), ...x.shape];
  const reps = [...batch.map((size, axis) => (own[axis] === size ? 1 : size)), 1, 1];
  return repeat({ inputs: { x: { ...x, shape: own } }, attrs: { reps }, backend }) as tf.TensorInfo;
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
