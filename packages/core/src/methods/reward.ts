import type { EncodedPair } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { marginBeyond, negativeLogSigmoid } from '../losses/common.js';
import { type Columns, defineMethod, type Method, mean } from '../method.js';
import { readAsReward } from '../rewards.js';
import { pairRecords } from './records.js';

/** The default of c: TRL's recommendation, after arXiv 2312.09244. */
const CENTRE = 0.01;

/**
 * Training of a reward model r on pairs (Bradley–Terry), with a second term that keeps rewards near zero:
 *
 *     L = mean_i [ −log σ(r_w − r_l − m_i) + c (r_w + r_l)² ]
 *
 * m_i is the pair's margin, 0 for a pair without a margin. The model is a reward model, whose numbers of answers are rewards: see
 * {@link readAsReward}. Records have TRL's names for this training (`accuracy`, `margin`, `min_reward`, `mean_reward`,
 * `max_reward`) beside the names that all trainings on pairs share.
 *
 * Source: TRL's RewardTrainer; the second term: arXiv 2312.09244.
 *
 * @param options.centre c. Default 0.01.
 */
export function rewardMethod({ centre = CENTRE }: { readonly centre?: number | undefined } = {}): Method {
  return defineMethod<EncodedPair, 'readChosen' | 'readRejected'>({
    name: 'reward',
    // The names differ from `chosen` and `rejected`, which are the answers of language models and shorter by a token.
    answers: {
      readChosen: ({ chosen }) => readAsReward(chosen),
      readRejected: ({ rejected }) => readAsReward(rejected),
    },
    inputs: ({ margin = 0 }) => ({ numbers: { margin } }),
    apply: ({ answers: { readChosen: chosen, readRejected: rejected }, numbers }) => {
      const [better, worse] = [chosen.policy, rejected.policy];
      const losses = negativeLogSigmoid(marginBeyond(better, worse, numbers.margin));
      return {
        losses: tf.add(losses, tf.mul(tf.square(tf.add(better, worse)), centre)),
        columns: {
          'rewards/chosen': better,
          'rewards/rejected': worse,
          length_difference: tf.sub(chosen.lengths, rejected.lengths),
        },
      };
    },
    records: rewardRecords,
  });
}

function rewardRecords(columns: Columns): Record<string, number> {
  const { 'rewards/chosen': chosen = [], 'rewards/rejected': rejected = [] } = columns;
  const all = [...chosen, ...rejected];
  const pairs = pairRecords(columns);
  return {
    ...pairs,
    accuracy: pairs['rewards/accuracies'] as number,
    margin: pairs['rewards/margins'] as number,
    min_reward: all.reduce((least, reward) => Math.min(least, reward), Number.POSITIVE_INFINITY),
    mean_reward: mean(all),
    max_reward: all.reduce((most, reward) => Math.max(most, reward), Number.NEGATIVE_INFINITY),
  };
}
