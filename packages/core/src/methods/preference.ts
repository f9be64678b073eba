import type { EncodedPair } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { LossOptions, PreferenceLoss } from '../losses/types.js';
import { type AnswerTensors, defineMethod, type Method } from '../method.js';
import { pairRecords } from './records.js';

/** Settings of a loss that a caller may give; the answers' lengths and the margins come from the batch. */
export type MethodOptions = Omit<LossOptions, 'chosenLengths' | 'rejectedLengths' | 'margins'> & {
  /** True subtracts each pair's `margin` from z, for the losses that take a margin. Default false. */
  readonly readMargin?: boolean | undefined;
};

/** Settings of a preference loss that is not in the registry. */
export interface PreferenceMethodOptions extends MethodOptions {
  /** Whether the loss reads log π_ref. Default true. */
  readonly needsReference?: boolean | undefined;
}

/** The readers of a pair's two answers. */
export const pairAnswers = {
  chosen: (pair: { readonly chosen: Int32Array }) => pair.chosen,
  rejected: (pair: { readonly rejected: Int32Array }) => pair.rejected,
};

/** The tensors of a pair's two answers. */
export type PairTensors = Readonly<Record<keyof typeof pairAnswers, AnswerTensors>>;

/** The columns that `pairRecords` reads: rewards, log-probabilities, and the difference of the lengths. */
export function pairColumns(
  { chosen, rejected }: PairTensors,
  rewards: { readonly chosenRewards: tf.Tensor1D; readonly rejectedRewards: tf.Tensor1D },
): Record<string, tf.Tensor1D> {
  return {
    'rewards/chosen': rewards.chosenRewards,
    'rewards/rejected': rewards.rejectedRewards,
    'logps/chosen': chosen.policy,
    'logps/rejected': rejected.policy,
    length_difference: tf.sub(chosen.lengths, rejected.lengths),
  };
}

/** Makes a method of a preference loss of one's own. `options` go on to the loss. */
export function preferenceMethod(
  name: string,
  loss: PreferenceLoss,
  { needsReference = true, readMargin = false, ...options }: PreferenceMethodOptions = {},
): Method {
  return defineMethod<EncodedPair, keyof typeof pairAnswers>({
    name,
    needs: needsReference ? { reference: 'answers' } : {},
    answers: pairAnswers,
    inputs: readMargin ? ({ margin }) => ({ numbers: { margin } }) : undefined,
    apply: ({ answers, numbers }) => {
      const { chosen, rejected } = answers;
      const { losses, ...rewards } = loss(chosen.policy, rejected.policy, chosen.reference, rejected.reference, {
        ...options,
        chosenLengths: chosen.lengths,
        rejectedLengths: rejected.lengths,
        margins: numbers.margin,
      });
      return { losses, columns: pairColumns(answers, rewards) };
    },
    records: pairRecords,
  });
}
