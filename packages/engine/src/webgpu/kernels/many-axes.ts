import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bindingsOf, dtypes, type NumberType, numberTypeOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/** As many axes as these shaders take. */
const MOST_AXES = 6;
/** From so many axes on, tfjs's shaders are wrong. */
const MANY = 5;

/** Transposition by tfjs's kernel; of integers and of many axes by one of our own: tfjs's shader for integers is not valid. */
export const transposeWith =
  (own: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const x = call.inputs.x as tf.TensorInfo;
    if (numberTypeOf(call.backend as TfjsBackend, x) === 'f32' && x.shape.length < MANY) return own(call);
    const { perm } = call.attrs as { perm: readonly number[] };
    const shape = perm.map((axis) => x.shape[axis] ?? 1);
    return moved(call.backend, 'transpose-many', { x, shape, axes: perm });
  };

/** Padding by mirror images by tfjs's kernel, and of many axes by one of our own. */
export const mirrorPadWith =
  (own: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const x = call.inputs.x as tf.TensorInfo;
    if (x.shape.length < MANY) return own(call);
    const { paddings, mode } = call.attrs as unknown as { paddings: [number, number][]; mode: 'reflect' | 'symmetric' };
    const before = paddings.map(([first]) => first);
    const shape = x.shape.map((size, axis) => size + (before[axis] ?? 0) + (paddings[axis]?.[1] ?? 0));
    return moved(call.backend, `mirror-${mode}`, { x, shape, more: [padded(x.shape, 1), padded(before, 0)] });
  };

/** The opposite order along some axes by tfjs's kernel, and of many axes by one of our own. */
export const reverseWith =
  (own: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const x = call.inputs.x as tf.TensorInfo;
    if (x.shape.length < MANY) return own(call);
    const axes = tf.util.parseAxisParam((call.attrs as { dims: number | number[] }).dims, x.shape);
    const flips = x.shape.map((_, axis) => (axes.includes(axis) ? 1 : 0));
    return moved(call.backend, 'reverse', { x, shape: x.shape, more: [padded(flips, 0)] });
  };

/** Repetition by tfjs's kernel, and of many axes by one of our own: tfjs would read the values first. */
export const tileWith =
  (own: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const x = call.inputs.x as tf.TensorInfo;
    if (x.shape.length < MANY) return own(call);
    const { reps } = call.attrs as { reps: readonly number[] };
    const shape = x.shape.map((size, axis) => size * (reps[axis] ?? 1));
    return moved(call.backend, 'tile', { x, shape, more: [padded(x.shape, 1)] });
  };

const padded = (values: readonly number[], filling: number): number[] => [
  ...Array<number>(MOST_AXES - values.length).fill(filling),
  ...values,
];

interface Movement {
  readonly x: tf.TensorInfo;
  readonly shape: number[];
  /** The axes of x that the result's axes go along. Default: the same. */
  readonly axes?: readonly number[];
  /** What the shader needs besides the shape and the strides, a number to each axis. */
  readonly more?: readonly (readonly number[])[];
}

/** A new tensor whose elements are elements of x. */
function moved(
  backend: object,
  name: string,
  { x, shape, axes = [...shape.keys()], more = [] }: Movement,
): tf.TensorInfo {
  const tfjs = backend as TfjsBackend;
  const type = numberTypeOf(tfjs, x);
  const result = tfjs.makeTensorInfo(shape, dtypes[type]);
  const strides = axes.map((axis) => sizeOf(x.shape.slice(axis + 1)));
  const lists = [padded(shape, 1), padded(strides, 0), ...more];
  const buffers = bindingsOf(tfjs, [x, result]);
  runShader(tfjs, shaderOf(name, type, lists.length), { buffers, numbers: lists.flat(), count: sizeOf(shape) });
  return { ...result, dtype: x.dtype };
}

/** How the place along an axis becomes the place in x. */
const places: Readonly<Record<string, string>> = {
  'transpose-many': '',
  tile: `place = place % i32(number(${2 * MOST_AXES}u + axis));`,
  reverse: `if (number(${2 * MOST_AXES}u + axis) == 1u) { place = i32(number(axis)) - 1 - place; }`,
  ...Object.fromEntries(
    [
      ['reflect', 0],
      ['symmetric', 1],
    ].map(([mode, offset]) => [
      `mirror-${mode}`,
      `let size = i32(number(${2 * MOST_AXES}u + axis));
       place -= i32(number(${3 * MOST_AXES}u + axis));
       if (place < 0) { place = -place - ${offset}; } else if (place >= size) { place = 2 * (size - 1) - place + ${offset}; }`,
    ]),
  ),
};

const shaderOf = (name: string, type: NumberType, lists: number): Shader => ({
  name: `${name}-${type}`,
  numbers: lists * MOST_AXES,
  code: `
@group(0) @binding(0) var<storage, read> x : array<${type}>;
@group(0) @binding(1) var<storage, read_write> out : array<${type}>;
fn main(i : u32) {
  var rest = i;
  var source = 0u;
  for (var k = 0u; k < ${MOST_AXES}u; k++) {
    let axis = ${MOST_AXES - 1}u - k;
    var place = i32(rest % number(axis));
    rest = rest / number(axis);
    ${places[name]}
    source += u32(place) * number(${MOST_AXES}u + axis);
  }
  out[i] = x[source];
}`,
});
