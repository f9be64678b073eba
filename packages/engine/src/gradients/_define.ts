import * as tf from '@tensorflow/tfjs-core';

/** What a gradient rule is given: the incoming gradient, the saved tensors, and the kernel's attributes. */
export interface GradientRule<Saved extends string = never> {
  /** Inputs that the rule needs. */
  readonly inputs?: readonly Saved[];
  /** Whether the rule needs the kernel's first output; it comes as `y`. */
  readonly output?: boolean;
  readonly rule: (
    dy: tf.Tensor,
    saved: Readonly<Record<Saved | 'y', tf.Tensor>>,
    attributes: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, () => tf.Tensor>>;
}

/** Registers a gradient rule for a tfjs kernel, unless one is there already (an application that bundles all of tfjs). */
export function define<Saved extends string = never>(kernelName: string, definition: GradientRule<Saved>): void {
  const inputs = definition.inputs ?? [];
  register({
    kernelName,
    inputsToSave: [...inputs],
    outputsToSave: definition.output ? [true] : [],
    gradFunc: (dy, saved, attributes) => {
      const named = Object.fromEntries(inputs.map((name, i) => [name, saved[i]]));
      const y = definition.output ? { y: saved[inputs.length] } : {};
      return definition.rule(
        dy as tf.Tensor,
        { ...named, ...y } as Record<Saved | 'y', tf.Tensor>,
        attributes as Record<string, unknown>,
      );
    },
  });
}

/** Registers a complete tfjs gradient configuration, for kernels with lists of inputs or of outputs. */
export function register(config: tf.GradConfig): void {
  if (tf.getGradient(config.kernelName) === undefined) tf.registerGradient(config);
}

/** Sums a gradient over the axes along which an input of `shape` was broadcast. */
export function sumToShape(gradient: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const lead = gradient.rank - shape.length;
  const axes = gradient.shape
    .map((_, axis) => axis)
    .filter((axis) => {
      const size = axis < lead ? undefined : shape[axis - lead];
      return size === undefined || (size === 1 && gradient.shape[axis] !== 1);
    });
  const summed = axes.length > 0 ? tf.sum(gradient, axes) : gradient;
  return tf.reshape(summed, [...shape]);
}

/** The shape of a reduction's result with the reduced axes kept at length 1. */
export function keptShape(shape: readonly number[], axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** A reduction's axes, all of them where none is named, as non-negative numbers. */
export function axesOf(axis: unknown, shape: readonly number[]): number[] {
  return tf.util.parseAxisParam(axis as number | number[], [...shape]);
}
