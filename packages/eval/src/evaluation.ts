import { DpoError } from '@dpo/base';
import { bestOfNKl, expectedBest } from './best-of-n.js';
import {
  type ClusteredEstimate,
  clusteredEstimate,
  type Estimate,
  estimate,
  estimateShare,
  mean,
  pairedDifference,
  type ShareEstimate,
} from './statistics.js';
import type { TextStatistics } from './texts/text-statistics.js';

/** A text that a policy wrote, with its measurements. */
export interface MeasuredSample {
  /** The number of the text's prompt. */
  readonly index: number;
  /** The prompt as people see it. */
  readonly prompt: string;
  readonly text: string;
  readonly reward: number;
  /** log π(text | prompt), in nats, of the policy that wrote the text. */
  readonly logp: number;
  /** log π_ref(text | prompt), in nats. */
  readonly referenceLogp: number;
}

/** A policy's place in the plane of reward and KL. */
export interface RewardKl {
  readonly reward: ClusteredEstimate;
  /** KL(π ‖ π_ref) of whole texts, in nats, by the tokens that were drawn. */
  readonly kl: ClusteredEstimate;
}

/** A policy's place, and the form of its texts. */
export interface MeasuredPolicy extends RewardKl {
  /**
   * The same KL by the whole distribution at every token, Σ_t KL(π(·|s_t) ‖ π_ref(·|s_t)), in nats. Never negative and less noisy, so
   * this KL is quoted when it was computed. Source: arXiv 2504.10637.
   */
  readonly exactKl?: ClusteredEstimate | undefined;
  readonly texts?: TextStatistics | undefined;
}

/** The KL to quote: the exact KL when it was computed, else the sampled one. */
export function quotedKl({ exactKl, kl }: Pick<MeasuredPolicy, 'exactKl' | 'kl'>): ClusteredEstimate {
  return exactKl ?? kl;
}

/**
 * Mean reward, and the sequence-level KL in nats, as the mean over texts y drawn from π at temperature 1 of
 *
 *     log π(y|x) − log π_ref(y|x) = Σ_t [ log π(y_t|x, y_<t) − log π_ref(y_t|x, y_<t) ]
 *
 * A Monte-Carlo estimate of KL(π ‖ π_ref), unbiased for texts of the sampled length. One text's share can be
 * negative. Standard errors are clustered by prompt, since texts of one prompt are alike; `independentError` has the errors of
 * independent texts.
 *
 * @throws DpoError `eval.no-values` without a sample
 */
export function rewardKl(
  samples: readonly Pick<MeasuredSample, 'index' | 'reward' | 'logp' | 'referenceLogp'>[],
): RewardKl {
  const clusters = samples.map(({ index }) => index);
  return {
    reward: clusteredEstimate(
      samples.map(({ reward }) => reward),
      clusters,
    ),
    kl: clusteredEstimate(
      samples.map(({ logp, referenceLogp }) => logp - referenceLogp),
      clusters,
    ),
  };
}

/**
 * How far the mean reward rose from one policy's texts to another's on the same prompts: the mean over prompts of the
 * difference of their mean rewards, with its paired standard error.
 *
 * @throws DpoError `eval.not-paired` when the prompts differ
 */
export function rewardGain(
  before: readonly { readonly index: number; readonly reward: number }[],
  after: readonly { readonly index: number; readonly reward: number }[],
): Estimate {
  const [then, now] = [rewardsByPrompt(before), rewardsByPrompt(after)];
  const shared = [...then.keys()].filter((index) => now.has(index));
  if (shared.length < Math.max(then.size, now.size))
    throw new DpoError('eval.not-paired', 'The two sets of texts are not of the same prompts.', {
      values: { before: then.size, after: now.size, shared: shared.length },
    });
  const means = (of: ReadonlyMap<number, readonly number[]>) => shared.map((index) => mean(of.get(index) ?? []));
  return pairedDifference(means(then), means(now));
}

/** Log-probabilities of a pair, summed over the answers' tokens, in nats, under the names that `dpo score` writes. */
export interface PairLogps {
  readonly policyChosenLogp: number;
  readonly policyRejectedLogp: number;
  readonly referenceChosenLogp: number;
  readonly referenceRejectedLogp: number;
}

/** The margin of each pair by the implicit reward, β · [ log π/π_ref (chosen) − log π/π_ref (rejected) ]. */
export function implicitMargins(pairs: readonly PairLogps[], beta: number): number[] {
  return pairs.map(
    (pair) =>
      beta *
      (pair.policyChosenLogp - pair.referenceChosenLogp - (pair.policyRejectedLogp - pair.referenceRejectedLogp)),
  );
}

/** The share of pairs that a policy orders rightly, and by how much. */
export interface PairAccuracy extends ShareEstimate {
  /** Mean margin. */
  readonly margin: number;
  /** Standard error of the mean margin. */
  readonly marginError?: number | undefined;
}

/** The share of pairs whose margin is positive, a tie counting one half, and the mean margin with its standard error. */
export function pairAccuracy(margins: readonly number[]): PairAccuracy {
  const wins = margins.reduce((sum, margin) => sum + (margin > 0 ? 1 : margin === 0 ? 0.5 : 0), 0);
  const { mean: margin, standardError: marginError } = estimate(margins);
  return { ...estimateShare(wins, margins.length), margin, marginError };
}

/**
 * The reward that Best-of-N of a policy's samples reaches: the mean over prompts of the expected best reward, exact over all subsets
 * of N of a prompt's samples ({@link expectedBest}). The KL is {@link bestOfNKl}.
 *
 * @throws DpoError `eval.too-few-samples` when a prompt has fewer than N samples
 */
export function bestOfN(
  samples: readonly { readonly index: number; readonly reward: number }[],
  n: number,
): { readonly n: number; readonly reward: Estimate; readonly kl: number } {
  const best = [...rewardsByPrompt(samples).values()].map((rewards) => expectedBest(rewards, n));
  return { n, reward: estimate(best), kl: bestOfNKl(n) };
}

function rewardsByPrompt(
  samples: readonly { readonly index: number; readonly reward: number }[],
): Map<number, number[]> {
  const byPrompt = new Map<number, number[]>();
  for (const { index, reward } of samples) {
    const rewards = byPrompt.get(index);
    if (rewards === undefined) byPrompt.set(index, [reward]);
    else rewards.push(reward);
  }
  return byPrompt;
}
