import type { Tensor } from '@tensorflow/tfjs-core';
import type { Collective } from './workers/collective.js';

/** The element types that cross the border of an engine function. */
export type DType = 'float32' | 'int32';

/** Values outside the engine: the inputs and outputs of a function. */
export interface Values {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** How a variable's numbers lie in memory: in four bytes each, or rounded to two. */
export type Storage = 'float32' | 'bfloat16';

/** Settings of one variable. */
export interface VariableOptions {
  /**
   * How the numbers lie in memory. In bfloat16 they take half the memory, and whatever is written is rounded, to nearest with ties
   * to even. TensorFlow only; the portable engine stores float32, whatever is asked for. Default float32.
   */
  readonly storage?: Storage | undefined;
}

/**
 * A tensor that lives in the engine and outlasts function calls: a weight, an optimizer's slot, a cache of keys and
 * values. All functions of the engine that made the variable share it, and see it as float32, however it is stored.
 */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  /** How the numbers lie in memory. */
  readonly storage: Storage;
  /**
   * Replaces the value by a copy of the data, rounded when the variable is stored in bfloat16.
   *
   * @throws DpoError `engine.wrong-shape` when the data are not as many as the elements; `engine.disposed`
   */
  write(data: Float32Array): void;
  /**
   * A copy of the value. With `into`, the copy stands at the start of `into`, which must have room for it.
   *
   * @throws DpoError `engine.wrong-shape` when `into` is too small; `engine.disposed`
   */
  read(into?: Float32Array): Promise<Float32Array>;
  /** Frees the memory. Using the variable afterwards is an error. */
  dispose(): void;
}

/** The variables, for a function's body. Valid only while the body runs. */
export interface Scope {
  /** The variable's value when the call began. Every read gives the same tensor. Differentiable by `tf.grads`. */
  read(variable: Variable): Tensor;
  /** Sets the variable after the body's reads of the variable. A function assigns to a variable at most once. */
  assign(variable: Variable, value: Tensor): void;
  /**
   * Adam's update in place, after the body's reads of the variable, with m and v the first and second moments:
   *
   *     m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²      w ← w · (1 − decay) − rate · m / (√v + ε̂)
   *
   * `rate`, `epsilon` and `decay` are scalar tensors, so that the caller folds bias correction into them
   * (rate = η √(1−β₂ᵗ)/(1−β₁ᵗ), ε̂ = ε √(1−β₂ᵗ), decay = η λ). Without `decay`, the decay is 0. The three variables must be
   * stored in float32: in bfloat16 small updates would be lost.
   */
  applyAdam(update: AdamUpdate): void;
  /**
   * Writes `value` into the variable along `axis` at `start` (a scalar int32 tensor), in place, and returns the whole
   * variable after the write. `value` has the variable's shape, but may be shorter along `axis`.
   */
  writeSlice(variable: Variable, value: Tensor, axis: number, start: Tensor): Tensor;
  /**
   * Writes `value` [n, D] into rows of the variable, in place. The variable is seen as a matrix [rows, D], D the size of its last
   * axis; `places` [n] int32 are numbers of rows. A row that is named twice gets one of its values.
   */
  writeRows(variable: Variable, places: Tensor, value: Tensor): void;
}

/** The parts of an update by {@link Scope.applyAdam}. */
export interface AdamUpdate {
  /** The weight w. */
  readonly variable: Variable;
  readonly m: Variable;
  readonly v: Variable;
  readonly gradient: Tensor;
  readonly rate: Tensor;
  readonly epsilon: Tensor;
  readonly beta1: number;
  readonly beta2: number;
  readonly decay?: Tensor | undefined;
}

/** The body of an engine function: tfjs ops from the inputs' tensors to the outputs' tensors. */
export type FunctionBody<In extends string, Out extends string> = (
  scope: Scope,
  inputs: Readonly<Record<In, Tensor>>,
) => Readonly<Record<Out, Tensor>>;

/**
 * A compiled function. A call traces the body once for each combination of input shapes and dtypes, keeps the compiled result,
 * and runs the result off the main thread. The calls of one engine run one after another, in order.
 */
export interface EngineFunction<In extends string, Out extends string> {
  (inputs: Readonly<Record<In, Values>>): Promise<Record<Out, Values>>;
  /** The number of combinations of input shapes that were traced so far. */
  readonly traces: number;
  /** Frees the compiled results. Calling the function afterwards is an error. */
  dispose(): void;
}

/** The precision that matrix products are computed in. */
export type Precision = 'float32' | 'bfloat16';

/** Settings of one engine function. */
export interface FunctionOptions {
  /** The precision of the function's matrix products. Default: the engine's. */
  readonly precision?: Precision | undefined;
}

/** The work of a GPU so far, over all engines that share it. */
export interface EngineWork {
  /** The shaders that were run. */
  readonly dispatches: number;
  /** How often commands were handed to the device. */
  readonly submissions: number;
  /** The bytes that tensors take on the device now, and buffers that are kept for the next tensors. */
  readonly bytes: number;
  /** The largest number of such bytes. */
  readonly peakBytes: number;
}

/**
 * Runs functions that are written in tfjs ops. There are two engines: TensorFlow, which compiles functions, and the portable
 * engine, which runs them eagerly by tfjs on WebGPU, tfjs-node's TensorFlow, WebAssembly or plain JavaScript. All give the same results to float32 rounding.
 */
export interface Engine {
  readonly kind: 'tensorflow' | 'webgpu' | 'tfjs-node' | 'wasm' | 'cpu';
  /** One line for people: what runs, on what, and why. */
  readonly description: string;
  readonly precision: Precision;
  /** The device that computes. */
  readonly device: 'cpu' | `gpu:${number}`;
  /** The workers of the cluster that the engine was opened with. */
  readonly collective?: Collective | undefined;
  /** The work so far, on WebGPU. */
  readonly work?: (() => EngineWork) | undefined;
  /** Makes a variable, with zeros by default. */
  variable(name: string, shape: readonly number[], initial?: Float32Array, options?: VariableOptions): Variable;
  /** Makes a function of a body. The name stands in errors. */
  function<In extends string, Out extends string>(
    name: string,
    body: FunctionBody<In, Out>,
    options?: FunctionOptions,
  ): EngineFunction<In, Out>;
  /** Frees all variables and functions. */
  dispose(): Promise<void>;
}
