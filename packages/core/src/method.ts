import * as tf from '@tensorflow/tfjs-core';
import { type PreferenceLossName, preferenceLoss, preferenceLosses } from './losses/registry.js';
import type { LossOptions, PreferenceLoss } from './losses/types.js';

/** An answer of a preference pair. */
export type Side = 'chosen' | 'rejected';

/** What a method sees of a batch. K is the number of its `sides`; column k belongs to `sides[k]`. */
export interface MethodInputs {
  readonly policy: tf.Tensor2D; // [pairs, K], log π(y|x), differentiable
  readonly reference: tf.Tensor2D; // [pairs, K], log π_ref(y|x); zeros for a method without a reference
  readonly lengths: tf.Tensor2D; // [pairs, K], answer tokens
}

/** What a method makes of it. The trainer takes the mean of the losses over all pairs of a step. */
export interface MethodTerms {
  readonly losses: tf.Tensor1D; // [pairs]
  /** Implicit rewards, for the records alone; absent where the method has none. */
  readonly rewards?: tf.Tensor2D | undefined; // [pairs, K]
}

/** A way to train: which answers the model reads, whether a reference scores them too, and what is made of the numbers. */
export interface Method {
  readonly name: string;
  readonly sides: readonly Side[];
  readonly needsReference: boolean;
  readonly apply: (inputs: MethodInputs) => MethodTerms;
}

/** What a caller may set of a loss; the answers' lengths come from the batch. */
export type MethodOptions = Omit<LossOptions, 'chosenLengths' | 'rejectedLengths'>;

/** A training method from a preference loss of one's own. */
export function preferenceMethod(
  name: string,
  loss: PreferenceLoss,
  { needsReference = true, ...options }: MethodOptions & { readonly needsReference?: boolean } = {},
): Method {
  return {
    name,
    sides: ['chosen', 'rejected'],
    needsReference,
    apply: ({ policy, reference, lengths }) => {
      const { losses, chosenRewards, rejectedRewards } = loss(
        column(policy, 0),
        column(policy, 1),
        column(reference, 0),
        column(reference, 1),
        { ...options, chosenLengths: column(lengths, 0), rejectedLengths: column(lengths, 1) },
      );
      return { losses, rewards: tf.stack([chosenRewards, rejectedRewards], 1) as tf.Tensor2D };
    },
  };
}

/**
 * Supervised fine-tuning on the chosen answers (Preferred-FT where the data are preferences):
 *
 *     L = −log π(y_w|x), summed over the answer's tokens
 *
 * as in the DPO paper's code. The mean is over answers, as everywhere here, not over tokens.
 */
export function supervisedMethod(): Method {
  return {
    name: 'sft',
    sides: ['chosen'],
    needsReference: false,
    apply: ({ policy }) => ({ losses: tf.neg(column(policy, 0)) }),
  };
}

/** The names that {@link methodNamed} knows: supervised fine-tuning and every preference loss. */
export type MethodName = 'sft' | PreferenceLossName;

export const methodNames = ['sft', ...Object.keys(preferenceLosses)] as readonly MethodName[];

/**
 * A method of the registry, by the name that `--method` takes.
 *
 * @throws DpoError `loss.unknown`, naming the nearest known one.
 */
export function methodNamed(name: string, options: MethodOptions = {}): Method {
  if (name === 'sft') return supervisedMethod();
  const { loss, needsReference } = preferenceLoss(name);
  return preferenceMethod(name, loss, { ...options, needsReference });
}

function column(matrix: tf.Tensor2D, k: number): tf.Tensor1D {
  return tf.reshape(tf.slice(matrix, [0, k], [-1, 1]), [matrix.shape[0]]);
}
