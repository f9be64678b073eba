import * as tf from '@tensorflow/tfjs-core';

/** A gradient rule of a kernel. */
export interface GradientRule<Saved extends string = never> {
  /** Inputs that the rule needs. */
  readonly inputs?: readonly Saved[];
  /** Whether the rule needs the kernel's first output, which it gets as `y`. */
  readonly output?: boolean;
  /** The inputs' gradients by name, from the output's gradient, the saved tensors and the kernel's attributes. */
  readonly rule: (
    dy: tf.Tensor,
    saved: Readonly<Record<Saved | 'y', tf.Tensor>>,
    attributes: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, () => tf.Tensor>>;
}

/** Registers a gradient rule of a tfjs kernel, unless the kernel has one already, as in an application that bundles all of tfjs. */
export function define<Saved extends string = never>(kernelName: string, definition: GradientRule<Saved>): void {
  const inputs = definition.inputs ?? [];
  register({
    kernelName,
    inputsToSave: [...inputs],
    outputsToSave: definition.output ? [true] : [],
    gradFunc: (dy, saved, attributes) => {
      const savedInputs = Object.fromEntries(inputs.map((name, i) => [name, saved[i]]));
      const y = definition.output ? { y: saved[inputs.length] } : {};
      return definition.rule(
        dy as tf.Tensor,
        { ...savedInputs, ...y } as Record<Saved | 'y', tf.Tensor>,
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
  const sum = axes.length > 0 ? tf.sum(gradient, axes) : gradient;
  return tf.reshape(sum, [...shape]);
}

/** The shape of a reduction's result when the reduced axes stay, with length 1. */
export function keptShape(shape: readonly number[], axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** A reduction's axes as non-negative numbers; all axes when none is named. */
export function axesOf(axis: unknown, shape: readonly number[]): number[] {
  return tf.util.parseAxisParam(axis as number | number[], [...shape]);
}
