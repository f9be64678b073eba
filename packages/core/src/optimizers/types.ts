import type { Scope, Variable } from '@dpo/engine';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';

/** One weight's share of an update. */
export interface WeightUpdate {
  readonly variable: Variable;
  readonly gradient: Tensor;
  /** The weight's slots, by the optimizer's slot names; each has the weight's shape and began as zeros. */
  readonly slots: Readonly<Record<string, Variable>>;
  /** The optimizer's {@link Optimizer.scalars} of this update, as tensors. */
  readonly scalars: Readonly<Record<string, Tensor>>;
  /** 1, or 0 for an update that must leave the weight as it is (its gradient is then all zeros). */
  readonly gate: Scalar;
}

/**
 * An optimizer: what it keeps for each weight, which numbers change from step to step, and the update itself.
 * It holds no state, so that one object may serve many runs; the slots live in the engine.
 */
export interface Optimizer {
  readonly name: string;
  /** Everything that its numbers depend on, for the run's record. */
  readonly settings: Readonly<Record<string, number | boolean>>;
  /** Names of the per-weight state, as PyTorch calls them. */
  readonly slots: readonly string[];
  /** The scalars of the t-th update (from 1) at a learning rate. They are inputs of the compiled step, never constants. */
  scalars(learningRate: number, t: number): Readonly<Record<string, number>>;
  /** Writes the update of one weight into the engine. For the body of an engine function. */
  update(scope: Scope, update: WeightUpdate): void;
}

/** Weight decay belongs to matrices: biases and the gains of norms are left alone. */
export function decays(variable: Variable): boolean {
  return variable.shape.length >= 2;
}
