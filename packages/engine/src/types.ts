import type { Tensor } from '@tensorflow/tfjs-core';
import type { Collective } from './workers/collective.js';

/** The element types that cross the border of an engine function. */
export type DType = 'float32' | 'int32';

/** Values outside the engine: what goes into a function and what comes out of it. */
export interface Values {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/**
 * State that lives in the engine and outlasts function calls: weights, optimizer slots, key-value caches.
 * Shared by all functions of the engine that made it. float32.
 */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  /** Replaces the value. The data are copied. */
  write(data: Float32Array): void;
  /** A copy of the value; at the start of `into` where that is given, which must have room for it. */
  read(into?: Float32Array): Promise<Float32Array>;
  /** Frees the memory. Using the variable afterwards is an error. */
  dispose(): void;
}

/** What a function's body can do besides tfjs ops. Valid only while the body runs. */
export interface Scope {
  /** The variable's value when the call began. Reading it twice gives the same tensor. Differentiable by `tf.grads`. */
  read(variable: Variable): Tensor;
  /** Sets the variable after the body's reads of it. One assignment to a variable per function. */
  assign(variable: Variable, value: Tensor): void;
  /**
   * Adam's update in place, after the body's reads of the variable, with m and v the first and second moments:
   *
   *     m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²      w ← w · (1 − decay) − rate · m / (√v + ε̂)
   *
   * `rate`, `epsilon` and `decay` are scalar tensors, so that the caller folds bias correction into them
   * (rate = η √(1−β₂ᵗ)/(1−β₁ᵗ), ε̂ = ε √(1−β₂ᵗ), decay = η λ). Leave `decay` out where there is none.
   */
  applyAdam(update: AdamUpdate): void;
  /**
   * Writes `value` into the variable along `axis` at `start` (a scalar int32 tensor), in place, and returns the whole
   * variable after the write. `value` has the variable's shape but for `axis`, where it may be shorter.
   */
  writeSlice(variable: Variable, value: Tensor, axis: number, start: Tensor): Tensor;
}

export interface AdamUpdate {
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

export type FunctionBody<In extends string, Out extends string> = (
  scope: Scope,
  inputs: Readonly<Record<In, Tensor>>,
) => Readonly<Record<Out, Tensor>>;

/**
 * A compiled function. Called with values, it traces the body once per combination of input shapes and dtypes,
 * keeps the compiled result, and runs it off the main thread. Calls of one engine run one after another, in order.
 */
export interface EngineFunction<In extends string, Out extends string> {
  (inputs: Readonly<Record<In, Values>>): Promise<Record<Out, Values>>;
  /** How many input-shape combinations were traced so far. */
  readonly traces: number;
  dispose(): void;
}

export type Precision = 'float32' | 'bfloat16';

export interface FunctionOptions {
  /** Overrides the engine's precision for this function. */
  readonly precision?: Precision | undefined;
}

/**
 * Runs functions written in tfjs ops. Two exist: TensorFlow (compiled, fast) and the portable engine (tfjs on
 * WebAssembly or plain JavaScript, eager). Both give the same results to float32 rounding.
 */
export interface Engine {
  readonly kind: 'tensorflow' | 'wasm' | 'cpu';
  /** One line for people: what runs, on what, and why. */
  readonly description: string;
  readonly precision: Precision;
  /** What computes. */
  readonly device: 'cpu' | `gpu:${number}`;
  /** The workers of the cluster that the engine was opened with. */
  readonly collective?: Collective | undefined;
  variable(name: string, shape: readonly number[], initial?: Float32Array): Variable;
  function<In extends string, Out extends string>(
    name: string,
    body: FunctionBody<In, Out>,
    options?: FunctionOptions,
  ): EngineFunction<In, Out>;
  /** Frees all variables and functions. */
  dispose(): Promise<void>;
}
