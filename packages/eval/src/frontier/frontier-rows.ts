import type { Frontier } from './frontier.js';
import type { FrontierPoint } from './frontier-point.js';

/**
 * A point in `frontier.csv`, in `frontier.json` and in the output of `dpo frontier --json`. Null stands for a number that is unknown or
 * that the point does not have. All logarithms are natural.
 */
export interface FrontierRow {
  readonly method: string;
  readonly setting: string;
  readonly seed: number;
  /** Updates of the training so far. */
  readonly step: number;
  /** The mean true reward. */
  readonly reward: number;
  /** The reward's standard error, clustered by prompt. */
  readonly reward_error: number | null;
  /** KL(π ‖ π_ref) in nats an answer. */
  readonly kl: number;
  /** The KL's standard error, clustered by prompt. */
  readonly kl_error: number | null;
  /** `exact`: over the whole vocabulary at every token. `bound`: log N − (N − 1) / N of Best-of-N. */
  readonly kl_kind: 'exact' | 'bound';
  /** The mean reward by the reward model that was trained on the pairs. */
  readonly learned_reward: number | null;
  readonly learned_reward_error: number | null;
  /** The share of draws in which no other policy has as much reward at as little KL, for all seeds together. */
  readonly undominated: number | null;
  /** Mean tokens of an answer. */
  readonly length: number | null;
  /** The share of answers that the policy ended itself. */
  readonly ended: number | null;
  readonly distinct_1: number | null;
  readonly distinct_2: number | null;
  readonly distinct_3: number | null;
  readonly self_bleu: number | null;
  readonly samples_drawn: number;
  readonly reward_calls: number;
  readonly tokens_trained: number;
  readonly seconds: number;
}

/** The rows of all points of a frontier, in the order of `Frontier.points`. */
export function frontierRows({ points, cells }: Frontier): FrontierRow[] {
  return points.map((point) => {
    const cell = cells.find((each) => each.points.includes(point));
    return { ...rowOf(point), undominated: point.kind === 'best-of-n' ? null : (cell?.undominated ?? null) };
  });
}

function rowOf(point: FrontierPoint): Omit<FrontierRow, 'undominated'> {
  const { method, setting, seed, step, kind, reward, kl, learnedReward, texts, budget } = point;
  const bound = kind === 'best-of-n';
  return {
    ...{ method, setting, seed, step },
    ...{ reward: reward.mean, reward_error: numberOrNull(reward.standardError) },
    ...{ kl: kl.mean, kl_error: bound ? null : numberOrNull(kl.standardError), kl_kind: bound ? 'bound' : 'exact' },
    ...{
      learned_reward: numberOrNull(learnedReward?.mean),
      learned_reward_error: numberOrNull(learnedReward?.standardError),
    },
    ...{ length: numberOrNull(texts?.length.mean), ended: numberOrNull(texts?.ended.mean) },
    ...{ distinct_1: numberOrNull(texts?.distinct[0]), distinct_2: numberOrNull(texts?.distinct[1]) },
    ...{ distinct_3: numberOrNull(texts?.distinct[2]), self_bleu: numberOrNull(texts?.selfBleu) },
    ...{ samples_drawn: budget.samples, reward_calls: budget.rewardCalls },
    ...{ tokens_trained: budget.tokens, seconds: Math.round(10 * budget.seconds) / 10 },
  };
}

function numberOrNull(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
