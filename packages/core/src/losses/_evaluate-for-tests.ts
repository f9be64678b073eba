import * as tf from '@tensorflow/tfjs-core';
import { type PreferenceLossName, preferenceLosses } from './registry.js';
import type { LossOptions, PreferenceLoss } from './types.js';

export const names = Object.keys(preferenceLosses) as PreferenceLossName[];

export interface Pair {
  readonly policy: readonly [number, number];
  readonly reference: readonly [number, number];
  readonly lengths?: readonly [number, number];
}

/** A loss's values and its gradient by the policy's log-probabilities, over pairs of plain numbers. */
export function evaluate(name: PreferenceLossName, pairs: readonly Pair[], options: LossOptions = {}) {
  return evaluateLoss(preferenceLosses[name].loss, pairs, options);
}

/** The values and the gradient of a loss. */
export type Evaluation = ReturnType<typeof evaluateLoss>;

/** The values and the gradient of any loss. */
export function evaluateLoss(loss: PreferenceLoss, pairs: readonly Pair[], options: LossOptions = {}) {
  const columns = (of: (pair: Pair) => readonly [number, number]) =>
    [tf.tensor1d(pairs.map((p) => of(p)[0])), tf.tensor1d(pairs.map((p) => of(p)[1]))] as const;
  const [chosenLengths, rejectedLengths] = columns(({ lengths = [10, 10] }) => lengths);
  const [referenceChosen, referenceRejected] = columns((p) => p.reference);
  const run = (chosen: tf.Tensor, rejected: tf.Tensor) =>
    loss(chosen as tf.Tensor1D, rejected as tf.Tensor1D, referenceChosen, referenceRejected, {
      ...options,
      chosenLengths,
      rejectedLengths,
    });
  const policy = [...columns((p) => p.policy)];
  const { losses, chosenRewards, rejectedRewards } = run(...(policy as [tf.Tensor, tf.Tensor]));
  const gradients = tf.grads((chosen, rejected) => tf.sum(run(chosen, rejected).losses))(policy);
  const numbers = (tensor: tf.Tensor) => [...tensor.dataSync()];
  return {
    losses: numbers(losses),
    rewards: [numbers(chosenRewards), numbers(rejectedRewards)],
    gradient: gradients.map(numbers),
  };
}

export const pair = (policy: [number, number], reference: [number, number], lengths?: [number, number]): Pair =>
  lengths === undefined ? { policy, reference } : { policy, reference, lengths };
