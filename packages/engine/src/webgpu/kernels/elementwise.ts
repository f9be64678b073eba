import type * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/** Selection by tfjs's kernel, which takes four axes: of more, the elements are taken as one list. */
export const selectWith =
  (own: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const t = call.inputs.t as tf.TensorInfo;
    const condition = call.inputs.condition as tf.TensorInfo;
    if (t.shape.length <= 4 || sizeOf(condition.shape) !== sizeOf(t.shape)) return own(call);
    const flat = (name: string): tf.TensorInfo => ({
      ...(call.inputs[name] as tf.TensorInfo),
      shape: [sizeOf(t.shape)],
    });
    const inputs = { condition: flat('condition'), t: flat('t'), e: flat('e') };
    return { ...(own({ ...call, inputs }) as tf.TensorInfo), shape: t.shape };
  };

/** Powers by tfjs's kernel. Powers of integers are rounded: the kernel cuts 124.99999 off to 124. */
export const powWith =
  (own: tf.KernelFunc, round: tf.KernelFunc, cast: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const [a, b] = [call.inputs.a as tf.TensorInfo, call.inputs.b as tf.TensorInfo];
    if (a.dtype === 'float32' || b.dtype === 'float32') return own(call);
    const { backend } = call;
    const tfjs = backend as TfjsBackend;
    const asFloats = { a: { ...a, dtype: 'float32' as const }, b: { ...b, dtype: 'float32' as const } };
    const power = own({ ...call, inputs: asFloats }) as tf.TensorInfo;
    const rounded = round({ inputs: { x: power }, attrs: {}, backend }) as tf.TensorInfo;
    const result = cast({ inputs: { x: rounded }, attrs: { dtype: 'int32' }, backend }) as tf.TensorInfo;
    for (const { dataId } of [power, rounded]) tfjs.disposeData(dataId);
    return result;
  };
