import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bindingsOf, dtypes, type NumberType, numberTypeOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';
import { lineNumbers, lineOfIndex } from './_lines.js';

/** A reduction of numbers to one number. */
interface Reduction {
  /** The result of no number, WGSL. */
  readonly start: string;
  /** The result of `value` and one number more, `next`. */
  readonly step: string;
  /** The type of the results, as tfjs has it. Default: the type of a sum. */
  readonly dtype?: 'bool' | 'float32' | 'same';
}

const isNan = (x: string): string => `(bitcast<u32>(f32(${x})) & 0x7fffffffu) > 0x7f800000u`;
/** The larger or smaller number; what is no number wins. */
const extreme = (sign: '<' | '>'): Reduction => ({
  start: 'x[start]',
  step: `value = select(value, next, next ${sign} value || ${isNan('next')});`,
  dtype: 'same',
});

const reductions = {
  Sum: { start: '0', step: 'value += next;' },
  Mean: { start: '0', step: 'value += next;', dtype: 'float32' },
  Prod: { start: '1', step: 'value *= next;' },
  Max: extreme('>'),
  Min: extreme('<'),
  Any: { start: '0', step: 'value = select(value, 1, next != 0);', dtype: 'bool' },
  All: { start: '1', step: 'value = select(value, 0, next == 0);', dtype: 'bool' },
} as const satisfies Readonly<Record<string, Reduction>>;

/** The names of the kernels of {@link reduceWith}. */
export const reductionNames = Object.keys(reductions) as readonly (keyof typeof reductions)[];

/**
 * A reduction over any axes. tfjs's kernel reduces float32 over the last axes, with many threads to a result. All others are reduced
 * here, with a thread to a result: tfjs would transpose them first, its transposition of integers is refused by the device, and nothing
 * to reduce is an error to it.
 */
export const reduceWith =
  (kernel: keyof typeof reductions, own: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const backend = call.backend as TfjsBackend;
    const x = call.inputs.x as tf.TensorInfo;
    const { axis, reductionIndices, keepDims } = call.attrs as Record<string, unknown>;
    const axes = tf.util.parseAxisParam((reductionIndices ?? axis) as number | number[], x.shape);
    const isFloat = numberTypeOf(backend, x) === 'f32';
    const first = x.shape.length - axes.length;
    if (isFloat && sizeOf(x.shape) > 0 && axes.every((each) => each >= first)) return own(call);
    const { dtype } = reductions[kernel] as Reduction;
    const type = dtype === 'same' ? x.dtype : (dtype ?? tf.sumOutType(x.dtype));
    // From the last axis down, so that the numbers of the other axes stay.
    let result: tf.TensorInfo = { ...x };
    for (const each of [...axes].sort((a, b) => b - a)) {
      const next = reduceAxis(backend, kernel, result, each, dtype === 'float32');
      if (result.dataId !== x.dataId) backend.disposeData(result.dataId);
      result = next;
    }
    if (axes.length === 0) backend.incRef(x.dataId);
    const shape = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    return { ...result, dtype: type, shape: keepDims ? shape : shape.filter((_, i) => !axes.includes(i)) };
  };

/** Reduces one axis to the length 1. */
function reduceAxis(
  backend: TfjsBackend,
  kernel: keyof typeof reductions,
  x: tf.TensorInfo,
  axis: number,
  toFloat: boolean,
): tf.TensorInfo {
  const from = numberTypeOf(backend, x);
  const to = toFloat ? 'f32' : from;
  const shape = x.shape.with(axis, 1);
  const result = backend.makeTensorInfo(shape, dtypes[to]);
  const buffers = bindingsOf(backend, [x, result]);
  runShader(backend, shader(kernel, from, to), { buffers, numbers: lineNumbers(x.shape, axis), count: sizeOf(shape) });
  return result;
}

const shader = (kernel: keyof typeof reductions, from: NumberType, to: NumberType): Shader => ({
  name: `reduce-${kernel}-${from}-${to}`,
  numbers: 2,
  code: `
@group(0) @binding(0) var<storage, read> x : array<${from}>;
@group(0) @binding(1) var<storage, read_write> out : array<${to}>;
fn main(i : u32) {${lineOfIndex}
  var value = ${to}(${reductions[kernel].start});
  for (var k = 0u; k < length; k++) {
    let next = ${to}(x[start + k * inner]);
    ${reductions[kernel].step}
  }
  out[i] = ${kernel === 'Mean' ? 'value / f32(length)' : 'value'};
}`,
});
