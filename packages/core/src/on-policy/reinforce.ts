import * as tf from '@tensorflow/tfjs-core';
import { defineMethod } from '../method.js';
import { clippedRatioLoss, type RatioClip } from './clipped-ratio-loss.js';
import { tokenWeights } from './grpo.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import { penalisedRewards, rewardsToGo } from './penalised-rewards.js';
import { acceptsRatio, ratioColumns, ratioRecords } from './ratio-records.js';
import {
  answerTotals,
  exampleOf,
  logRatios,
  ofAnswers,
  ofTokens,
  type RolloutExample,
  rolloutReader,
} from './rollout-example.js';
import { whiten } from './whiten.js';

/** Options of {@link reinforce}. */
export interface ReinforceOptions extends RatioClip {
  /** The update of a step with a higher mean ratio is left out. Default 10. */
  readonly maxRatio?: number | undefined;
}

/**
 * REINFORCE++: tokens are actions. The advantage of a token is the sum of the rewards from the token on, whitened over all tokens
 * of the batch:
 *
 *     r_t = −β (log π_old(y_t) − log π_ref(y_t)) + 1[t = T] R      A_t = whiten(Σ_{i ≥ t} r_i)
 *     L = −min(ρ_t A_t, clip(ρ_t, 1 ± ε) A_t), the mean over the tokens of the batch
 *
 * The method needs neither other samples of the prompt nor a value head. Source: arXiv 2501.03262.
 */
export function reinforce({ maxRatio, ...clip }: ReinforceOptions = {}): OnPolicyMethod<RolloutExample> {
  return {
    fewestSamples: 1,
    method: defineMethod<RolloutExample, string>({
      name: 'reinforce',
      ...rolloutReader,
      apply: (inputs) => {
        const terms = clippedRatioLoss(logRatios(inputs), ofTokens(inputs, 'advantages'), clip); // [R]
        const losses = tf.mul(answerTotals(inputs, terms.losses), ofAnswers(inputs, 'weight')); // [N, K]
        return { losses: tf.mean<tf.Tensor1D>(losses, 1), columns: ratioColumns(inputs, terms) };
      },
      records: (columns) => ratioRecords(columns, maxRatio),
      accepts: (columns) => acceptsRatio(columns, maxRatio),
    }),
    examples: (rollouts, facts) => {
      const sums = rollouts.flatMap(({ answers }) =>
        answers.map(({ reward, logps, reference }) =>
          rewardsToGo(penalisedRewards(reward, { old: logps, reference }, facts.beta)),
        ),
      );
      const advantages = whiten(sums);
      const weights = tokenWeights(rollouts, { lossType: 'dapo' });
      return rollouts.map((rollout, g) => {
        const ofTokens = { advantages: advantages.splice(0, rollout.answers.length) };
        return exampleOf(rollout, facts, { ofAnswers: { weight: weights[g] ?? [] }, ofTokens });
      });
    },
    dispose: () => undefined,
  };
}
