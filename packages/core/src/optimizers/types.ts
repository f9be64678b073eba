import type { Scope, Variable } from '@dpo/engine';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';

/** One weight's share of an update. */
export interface WeightUpdate {
  /** The weight's name in the model. */
  readonly name: string;
  readonly variable: Variable;
  readonly gradient: Tensor;
  /** The weight's slots, by the optimizer's slot names; they began as zeros. */
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
  /** The shape of a slot of a weight; undefined for none. Default: the weight's shape. */
  readonly slotShape?: (slot: string, shape: readonly number[]) => readonly number[] | undefined;
  /**
   * The scalars of the t-th update (from 1) at a learning rate; `rate` and `decay` are proportional to it. They are inputs of the
   * compiled step, never constants.
   */
  scalars(learningRate: number, t: number): Readonly<Record<string, number>>;
  /** Writes the update of one weight into the engine. For the body of an engine function. */
  update(scope: Scope, update: WeightUpdate): void;
}

/** The shapes of the slots that an optimizer keeps of a weight, by name. */
export function slotShapes(optimizer: Optimizer, shape: readonly number[]): Record<string, readonly number[]> {
  return Object.fromEntries(
    optimizer.slots.flatMap((slot) => {
      const its = optimizer.slotShape === undefined ? shape : optimizer.slotShape(slot, shape);
      return its === undefined ? [] : [[slot, its]];
    }),
  );
}

/** Weight decay belongs to matrices: biases and the gains of norms are left alone. */
export function decays(variable: Variable): boolean {
  return variable.shape.length >= 2;
}
