import * as tf from '@tensorflow/tfjs-core';
import { defineMethod } from '../method.js';
import { clippedRatioLoss, type RatioClip } from './clipped-ratio-loss.js';
import { leaveOneOut } from './leave-one-out.js';
import { momentsOf, sampleDeviation } from './moments.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import { answerKl } from './penalised-rewards.js';
import { acceptsRatio, ratioColumns, ratioRecords } from './ratio-records.js';
import type { Rollout } from './rollout.js';
import {
  answerTotals,
  exampleOf,
  logRatios,
  ofAnswers,
  type RolloutExample,
  rolloutReader,
} from './rollout-example.js';

/** Options of {@link rloo}. */
export interface RlooOptions extends RatioClip {
  /** Shifts and scales the advantages of a batch to mean 0 and deviation 1, as TRL's `normalize_advantages` does. Default false. */
  readonly normaliseAdvantages?: boolean | undefined;
  /** The update of a step with a higher mean ratio is left out. Default 10. */
  readonly maxRatio?: number | undefined;
}

/**
 * RLOO: each answer is one action, and is compared with the mean of the prompt's other answers:
 *
 *     R̃ = R − β Σ_t (log π_old − log π_ref)      A_i = R̃_i − mean_{j ≠ i} R̃_j      ρ = π(y|x) / π_old(y|x)
 *     L = −min(ρ A, clip(ρ, 1 ± ε) A), the mean over answers
 *
 * Source: arXiv 2402.14740; the clipped ratio of sequences is that of TRL 1.13's RLOOTrainer. The optimum of RLOO is
 * π*(y|x) ∝ π_ref(y|x) exp(R(x, y) / β).
 */
export function rloo({
  normaliseAdvantages = false,
  maxRatio,
  ...clip
}: RlooOptions = {}): OnPolicyMethod<RolloutExample> {
  return {
    fewestSamples: 2,
    method: defineMethod<RolloutExample, string>({
      name: 'rloo',
      ...rolloutReader,
      apply: (inputs) => {
        const ratios = answerTotals(inputs, logRatios(inputs)); // [N, K]
        const terms = clippedRatioLoss(ratios, ofAnswers(inputs, 'advantage'), clip);
        return { losses: tf.mean<tf.Tensor1D>(terms.losses, 1), columns: ratioColumns(inputs, terms) };
      },
      records: (columns) => ratioRecords(columns, maxRatio),
      accepts: (columns) => acceptsRatio(columns, maxRatio),
    }),
    examples: (rollouts, facts) => {
      const plain = rollouts.map((rollout) => leaveOneOut(rewardsLessKl(rollout, facts.beta)));
      const advantages = normaliseAdvantages ? normalise(plain) : plain;
      return rollouts.map((rollout, g) => exampleOf(rollout, facts, { ofAnswers: { advantage: advantages[g] ?? [] } }));
    },
    dispose: () => undefined,
  };
}

/** R̃ = R − β Σ_t (log π_old − log π_ref) of each answer of a rollout. */
export function rewardsLessKl({ answers }: Rollout, beta: number): number[] {
  return answers.map(({ reward, logps, reference }) => reward - beta * answerKl({ old: logps, reference }));
}

/** Keeps equal advantages from a division by zero; TRL's number. */
const SMALL = 1e-4;

function normalise(advantages: readonly (readonly number[])[]): number[][] {
  const all = advantages.flat();
  const [{ mean }, deviation] = [momentsOf(all), sampleDeviation(all)];
  return advantages.map((group) => group.map((advantage) => (advantage - mean) / (deviation + SMALL)));
}
