import type { Scope, Variable } from '@dpo/engine';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';

/** One weight's share of an update. */
export interface WeightUpdate {
  /** The weight's name in the model. */
  readonly name: string;
  readonly variable: Variable;
  readonly gradient: Tensor;
  /** The weight's slots, by the optimizer's slot names. Slots begin as zeros. */
  readonly slots: Readonly<Record<string, Variable>>;
  /** The optimizer's {@link Optimizer.scalars} of this update, as tensors. */
  readonly scalars: Readonly<Record<string, Tensor>>;
  /** 1, or 0 for an update that must leave the weight as it is; the gradient is then all zeros. */
  readonly gate: Scalar;
}

/**
 * An optimizer: its state for each weight, the numbers that change from step to step, and the update of one weight. The state
 * lives in the engine, so that one object may serve many runs.
 */
export interface Optimizer {
  readonly name: string;
  /** All settings that the updates depend on, which checkpoints hold. */
  readonly settings: Readonly<Record<string, number | boolean>>;
  /** The names of a weight's slots, as PyTorch calls them. */
  readonly slots: readonly string[];
  /** The shape of a weight's slot; undefined when the weight does not have the slot. Default: the weight's shape. */
  readonly slotShape?: (slot: string, shape: readonly number[]) => readonly number[] | undefined;
  /**
   * Whether `update` computes each number of a weight from the same numbers of the gradient and of the slots alone, so that several
   * workers can divide a weight. `update` then also takes a gradient and slots of some of the weight's numbers, as vectors; reading and
   * assigning the weight are about these numbers. Default false.
   */
  readonly byNumber?: boolean | undefined;
  /**
   * The scalars of the t-th update, from 1, at a learning rate; `rate` and `decay` are proportional to the learning rate. Scalars
   * are inputs of the compiled step, never constants.
   */
  scalars(learningRate: number, t: number): Readonly<Record<string, number>>;
  /** Writes the update of one weight into the engine. For the body of an engine function. */
  update(scope: Scope, update: WeightUpdate): void;
}

/** The shapes of a weight's slots, by name. */
export function slotShapes(optimizer: Optimizer, shape: readonly number[]): Record<string, readonly number[]> {
  return Object.fromEntries(
    optimizer.slots.flatMap((slot) => {
      const slotShape = optimizer.slotShape === undefined ? shape : optimizer.slotShape(slot, shape);
      return slotShape === undefined ? [] : [[slot, slotShape]];
    }),
  );
}

/** Tells whether weight decay applies: it does to matrices, and not to biases and the gains of norms. */
export function decays(variable: Variable): boolean {
  return variable.shape.length >= 2;
}
