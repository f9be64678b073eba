import type { ClusteredEstimate } from '../statistics.js';
import type { TextStatistics } from '../texts/text-statistics.js';

/** What a point cost up to its step. */
export interface FrontierBudget {
  /** Answers drawn for training: those that pairs were made of, or those of an on-policy run. */
  readonly samples: number;
  /** How often the true reward was asked. */
  readonly rewardCalls: number;
  /** Tokens of answers that were trained on, each as often as it was. */
  readonly tokens: number;
  /** Seconds that the training took, and the drawing of what it was trained on. */
  readonly seconds: number;
}

/** One answer to a held-out prompt, measured. */
export interface FrontierSample {
  /** The number of its prompt among the held-out ones. */
  readonly prompt: number;
  readonly text: string;
  /** The true reward. */
  readonly reward: number;
  /** KL(π ‖ π_ref) in nats along the answer, over the whole vocabulary at each token: 0 or more. */
  readonly kl: number;
  /** What a reward model that was trained on the pairs gives. */
  readonly learned?: number | undefined;
  /** Tokens without the one that ended the answer. */
  readonly tokens: readonly number[];
  /** Whether the policy ended the answer; else it was cut. */
  readonly ended: boolean;
}

/** Where a point comes from. `best-of-n` has no policy of its own: its KL is a bound. */
export type PointKind = 'start' | 'trained' | 'best-of-n';

/** What a point is called. */
interface PointName {
  /** `DPO`, `RLOO`. */
  readonly method: string;
  /** What differs between the method's runs: `β 0.1`. */
  readonly setting: string;
  readonly seed: number;
  /** Updates that were done. */
  readonly step: number;
}

/** A policy that was measured, with its answers. */
export interface PointEvidence extends PointName {
  readonly kind: PointKind;
  readonly budget: FrontierBudget;
  readonly samples: readonly FrontierSample[];
}

/** A prompt's means at a point. */
export interface PromptMeans {
  readonly prompt: number;
  readonly reward: number;
  readonly kl: number;
}

/** A point of the plane of reward and KL. */
export interface FrontierPoint extends PointName {
  readonly kind: PointKind;
  readonly budget: FrontierBudget;
  /** The mean true reward, its standard error clustered by prompt. */
  readonly reward: ClusteredEstimate;
  readonly kl: ClusteredEstimate;
  readonly learned?: ClusteredEstimate | undefined;
  /** Absent for best of N. */
  readonly texts?: TextStatistics | undefined;
  readonly prompts: readonly PromptMeans[];
  /** Answers to look at. */
  readonly shown: readonly FrontierSample[];
}
