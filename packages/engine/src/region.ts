import * as tf from '@tensorflow/tfjs-core';
import type { RegionShader } from './region-shader.js';

/** A region, as a backend knows it. */
export interface Region {
  /** The name in errors and in lists of functions. */
  readonly name: string;
  /** The places of the outputs that may be stored in bfloat16. */
  readonly rounded: readonly number[];
  /** What the region computes, for WebGPU. */
  readonly shader?: RegionShader | undefined;
}

/** A call of a region. */
export interface RegionCall {
  readonly region: Region;
  /** The arguments that are numbers. The region is compiled anew for other numbers. */
  readonly constants: readonly number[];
  /** The region's operations on the tensors of a call, or on others in their place. */
  body(inputs: readonly tf.Tensor[]): tf.Tensor | readonly tf.Tensor[];
}

/** A tfjs backend that can compute a region as one operation, the kernel `FusedRegion`. */
export interface FusingBackend {
  /** Whether the backend computes the region as one operation for such inputs. */
  fuses(region: Region, inputs: readonly tf.Tensor[]): boolean;
}

/** How the outputs of a region are stored. */
export interface RegionOptions {
  /**
   * The places of the outputs that are read by matrix products before all: a function whose products are rounded to bfloat16
   * stores these outputs in bfloat16. Default: none.
   */
  readonly rounded?: readonly number[];
  /** The same operations in WGSL: few dispatches on WebGPU instead of one to an operation. Default: the operations. */
  readonly shader?: RegionShader;
}

/**
 * Joins tfjs operations into one. An engine that compiles functions compiles the region once for each combination of shapes and
 * numbers, however many layers call the region; a chain of elementwise operations then goes over memory once. WebGPU runs the region's
 * shader, if there is one. Small tensors and other engines run the operations one by one. All ways give the same results to float32
 * rounding.
 *
 * The body must use nothing but its arguments. A region has no gradient of its own: call it in the forward pass and in the
 * gradient of a function with a gradient by hand (`tf.customGrad`).
 *
 * @param name what errors call the region
 * @param body the operations: tensors and numbers in, a tensor or a list of tensors out
 */
export function region<Arguments extends readonly (tf.Tensor | number)[], Out extends tf.Tensor | readonly tf.Tensor[]>(
  name: string,
  body: (...args: Arguments) => Out,
  { rounded = [], shader }: RegionOptions = {},
): (...args: Arguments) => Out {
  const self: Region = { name, rounded, shader };
  return (...args) => {
    const inputs = args.filter((arg) => arg instanceof tf.Tensor);
    const backend = tf.backend() as tf.KernelBackend & Partial<FusingBackend>;
    if (backend.fuses?.(self, inputs) !== true) return body(...args);
    const call: RegionCall = {
      region: self,
      constants: args.filter((arg) => typeof arg === 'number'),
      body(others) {
        let next = 0;
        const all = args.map((arg) => (typeof arg === 'number' ? arg : (others[next++] as tf.Tensor)));
        return body(...(all as readonly (tf.Tensor | number)[] as Arguments));
      },
    };
    const tensors = Object.fromEntries(inputs.map((input, i) => [i, input]));
    // tfjs's types of attributes have no place for functions, which tfjs passes on as they are.
    return tf.engine().runKernel('FusedRegion', tensors, { call } as unknown as tf.NamedAttrMap) as tf.Tensor as Out;
  };
}
