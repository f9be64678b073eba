import type { ClusteredEstimate } from '../statistics.js';
import type { TextStatistics } from '../texts/text-statistics.js';

/** The cost of a point: what its training took up to the point's step. */
export interface FrontierBudget {
  /** Answers drawn for training: the answers from which pairs were made, and the answers of an on-policy run. */
  readonly samples: number;
  /** Calls of the true reward. */
  readonly rewardCalls: number;
  /** Tokens of answers in all updates: a token counts once to each update that trains on the token. */
  readonly tokens: number;
  /** Seconds of the training, and of drawing and rating the answers on which it trains. */
  readonly seconds: number;
}

/** One answer to a held-out prompt with its measurements, as a point's file keeps the answer. */
export interface FrontierSample {
  /** The number of the prompt among the held-out prompts, from 0. */
  readonly prompt: number;
  readonly text: string;
  /** The true reward. */
  readonly reward: number;
  /** KL(π ‖ π_ref) in nats, over the whole vocabulary at each token, summed along the answer: 0 or more. */
  readonly kl: number;
  /** The reward by the reward model that was trained on the pairs. */
  readonly learned?: number | undefined;
  /** The tokens without the token that ended the answer. */
  readonly tokens: readonly number[];
  /** Whether the policy ended the answer; otherwise the answer was cut at the longest length. */
  readonly ended: boolean;
}

/**
 * The origin of a point: the model from which training starts, a checkpoint of a run, or Best-of-N of the start. Best-of-N has no
 * policy of its own, so that its KL is a bound.
 */
export type PointKind = 'start' | 'trained' | 'best-of-n';

/** The name of a point. */
interface PointName {
  /** Such as `DPO` or `RLOO`. */
  readonly method: string;
  /** What differs between the runs of the method: `β 0.1`. */
  readonly setting: string;
  readonly seed: number;
  /** Updates of the training so far. */
  readonly step: number;
}

/** A policy with its measured answers, from which a point is computed. */
export interface PointEvidence extends PointName {
  readonly kind: PointKind;
  readonly budget: FrontierBudget;
  readonly samples: readonly FrontierSample[];
}

/** The means of a prompt's answers at a point. */
export interface PromptMeans {
  readonly prompt: number;
  readonly reward: number;
  readonly kl: number;
}

/** A point of the plane of reward and KL. */
export interface FrontierPoint extends PointName {
  readonly kind: PointKind;
  readonly budget: FrontierBudget;
  /** The mean true reward, with a standard error clustered by prompt. */
  readonly reward: ClusteredEstimate;
  /** The mean KL in nats an answer, with a standard error clustered by prompt. */
  readonly kl: ClusteredEstimate;
  /** The mean reward by the reward model; absent when an answer has none. */
  readonly learnedReward?: ClusteredEstimate | undefined;
  /** Lengths and diversity of the answers; absent in Best-of-N. */
  readonly texts?: TextStatistics | undefined;
  readonly prompts: readonly PromptMeans[];
  /** A few answers for the page, one to a prompt. */
  readonly answers: readonly FrontierSample[];
}
