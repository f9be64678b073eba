import type { Frontier } from './frontier.js';
import type { FrontierPoint } from './frontier-point.js';

/** A point as files and `dpo frontier --json` have it. Null: unknown, or not of this point. All logarithms are natural. */
export interface FrontierRow {
  readonly method: string;
  readonly setting: string;
  readonly seed: number;
  /** Updates that were done. */
  readonly step: number;
  /** Mean true reward, and its standard error clustered by prompt. */
  readonly reward: number;
  readonly reward_error: number | null;
  /** KL(π ‖ π_ref) in nats an answer, and its standard error. */
  readonly kl: number;
  readonly kl_error: number | null;
  /** `exact`: over the whole vocabulary at every token. `bound`: log N − (N − 1) / N of Best-of-N. */
  readonly kl_kind: 'exact' | 'bound';
  readonly learned_reward: number | null;
  readonly learned_reward_error: number | null;
  /** The share of draws in which no other policy has as much reward at as little KL; of all seeds together. */
  readonly undominated: number | null;
  readonly length: number | null;
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

/** All points of a frontier, a row to each, in the order in which they were made. */
export function frontierRows({ points, cells }: Frontier): FrontierRow[] {
  return points.map((point) => {
    const cell = cells.find((each) => each.points.includes(point));
    return { ...rowOf(point), undominated: point.kind === 'best-of-n' ? null : (cell?.undominated ?? null) };
  });
}

function rowOf(point: FrontierPoint): Omit<FrontierRow, 'undominated'> {
  const { method, setting, seed, step, kind, reward, kl, learned, texts, budget } = point;
  const bound = kind === 'best-of-n';
  return {
    ...{ method, setting, seed, step },
    ...{ reward: reward.mean, reward_error: known(reward.standardError) },
    ...{ kl: kl.mean, kl_error: bound ? null : known(kl.standardError), kl_kind: bound ? 'bound' : 'exact' },
    ...{ learned_reward: known(learned?.mean), learned_reward_error: known(learned?.standardError) },
    ...{ length: known(texts?.length.mean), ended: known(texts?.ended.mean) },
    ...{ distinct_1: known(texts?.distinct[0]), distinct_2: known(texts?.distinct[1]) },
    ...{ distinct_3: known(texts?.distinct[2]), self_bleu: known(texts?.selfBleu) },
    ...{ samples_drawn: budget.samples, reward_calls: budget.rewardCalls },
    ...{ tokens_trained: budget.tokens, seconds: Math.round(10 * budget.seconds) / 10 },
  };
}

function known(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
