import * as tf from '@tensorflow/tfjs-core';
import { defineMethod } from '../method.js';
import { clippedRatioLoss, type RatioClip } from './clipped-ratio-loss.js';
import { type AdvantageScale, groupAdvantages } from './group-advantages.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import { acceptsRatio, ratioColumns, ratioRecords } from './ratio-records.js';
import { k3Penalty } from './reference-penalty.js';
import { rewardsLessKl } from './rloo.js';
import { type Rollout, tokensOf } from './rollout.js';
import {
  answerTotals,
  exampleOf,
  logRatios,
  ofAnswers,
  ofTokens,
  policyLogps,
  type RolloutExample,
  rolloutReader,
} from './rollout-example.js';

/** What a token is a part of: its answer, the longest possible answer, or all tokens of the batch. */
export type TokenMean = 'grpo' | 'dr_grpo' | 'dapo';

/** Options of {@link grpo}. */
export interface GrpoOptions extends RatioClip {
  /** What advantages are divided by. Default `group`. */
  readonly scaleRewards?: AdvantageScale | undefined;
  /** What the loss is a mean over, by TRL's names. Default `grpo`. `dr_grpo` needs `maxNewTokens`. */
  readonly lossType?: TokenMean | undefined;
  /** Tokens that an answer may have at most: dr-GRPO divides by this number. */
  readonly maxNewTokens?: number | undefined;
  /**
   * Where β counts: `loss` adds β k3 of each token to the loss, as DeepSeek and TRL do; `reward` takes β k1 from the rewards, as
   * RLOO does. Default `loss`. Only with `reward` is π_ref exp(R / β) the optimum: a penalty in the loss leaves out what a token
   * makes later tokens cost.
   */
  readonly penalty?: 'loss' | 'reward' | undefined;
  /**
   * Whether k3 in the loss is multiplied by the ratio. With the ratio the penalty has the gradient of KL(π ‖ π_ref), without the
   * ratio the gradient of KL(π_ref ‖ π). Default true, as in TRL 1.13. Source: DeepSeek-V3.2, arXiv 2512.02556.
   */
  readonly klBiasCorrection?: boolean | undefined;
  /** The update of a step with a higher mean ratio is left out. Default 10. */
  readonly maxRatio?: number | undefined;
}

/**
 * GRPO: each answer against the mean of its group, token ratios, and the penalty in the loss:
 *
 *     A_i = (R_i − R̄) / (s + 1e-4)      ρ_t = π(y_t) / π_old(y_t)
 *     L = Σ_t (−min(ρ_t A, clip(ρ_t, 1 ± ε) A) + β ρ_t k3_t) · w
 *
 * with w = 1/|y| and the mean over answers (`grpo`, arXiv 2402.03300), w = 1 / maxNewTokens (`dr_grpo`, arXiv 2503.20783), or all
 * tokens of the batch alike (`dapo`, arXiv 2503.14476, which clips at 0.28 above). Equals TRL 1.13's GRPOTrainer.
 */
export function grpo(options: GrpoOptions = {}): OnPolicyMethod<RolloutExample> {
  const { scaleRewards, penalty = 'loss', klBiasCorrection = true, maxRatio, low, high } = options;
  return {
    fewestSamples: 2,
    method: defineMethod<RolloutExample, string>({
      name: 'grpo',
      ...rolloutReader,
      apply: (inputs) => {
        const terms = clippedRatioLoss(logRatios(inputs), ofTokens(inputs, 'advantages'), { low, high }); // [R]
        const beta = tf.mul(inputs.scalars.beta as tf.Scalar, penalty === 'loss' ? 1 : 0);
        const k3 = k3Penalty(policyLogps(inputs), ofTokens(inputs, 'reference')); // [R]
        const kl = klBiasCorrection ? tf.mul(k3, terms.ratios) : k3;
        const losses = answerTotals(inputs, tf.add(terms.losses, tf.mul(beta, kl))); // [N, K]
        return {
          losses: tf.mean<tf.Tensor1D>(tf.mul(losses, ofAnswers(inputs, 'weight')), 1),
          columns: ratioColumns(inputs, terms),
        };
      },
      records: (columns) => ratioRecords(columns, maxRatio),
      accepts: (columns) => acceptsRatio(columns, maxRatio),
    }),
    examples: (rollouts, facts) => {
      const rewards = rollouts.map((rollout) => rewardsLessKl(rollout, penalty === 'reward' ? facts.beta : 0));
      const advantages = groupAdvantages(rewards, scaleRewards);
      const weights = tokenWeights(rollouts, options);
      return rollouts.map((rollout, g) =>
        exampleOf(rollout, facts, {
          ofAnswers: { weight: weights[g] ?? [] },
          ofTokens: {
            reference: rollout.answers.map(({ reference }) => reference),
            advantages: rollout.answers.map(({ tokens }, k) =>
              new Float32Array(tokens.length).fill(advantages[g]?.[k] ?? 0),
            ),
          },
        }),
      );
    },
    dispose: () => undefined,
  };
}

/** The weight of a token of each answer in a loss that is a mean over answers. */
export function tokenWeights(
  rollouts: readonly Rollout[],
  { lossType = 'grpo', maxNewTokens = 1 }: Pick<GrpoOptions, 'lossType' | 'maxNewTokens'>,
): number[][] {
  const answers = rollouts.reduce((sum, rollout) => sum + rollout.answers.length, 0);
  const evenWeight = answers / tokensOf(rollouts);
  const weights: Readonly<Record<TokenMean, (length: number) => number>> = {
    grpo: (length) => 1 / length,
    dr_grpo: () => 1 / maxNewTokens,
    dapo: () => evenWeight,
  };
  return rollouts.map((rollout) => rollout.answers.map(({ tokens }) => weights[lossType](tokens.length)));
}
