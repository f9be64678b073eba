import type { StoredRecord } from '@dpo/core';
import type { FrontierBudget } from '@dpo/eval';
import type { PairFacts } from './pairs-of-seed.js';
import { LEARNED_REWARD, type PlannedRun } from './recipe.js';

/** The facts from which the cost of a run is computed. */
export interface CostFacts {
  readonly run: PlannedRun;
  /** The run's `metrics.jsonl`. */
  readonly records: readonly StoredRecord[];
  /** The cost and the lengths of the seed's pairs. */
  readonly pairs: PairFacts;
  /** Seconds that the reward model's training took; 0 without a reward model. */
  readonly rewardSeconds: number;
}

/**
 * The cost of a run up to a step.
 *
 * - `train` and `sft` pay for the answers from which the pairs were made. `sft` trains on the chosen answers alone.
 * - `rl` pays for the policy's own answers, and with the true reward for a call to each of them.
 * - `rl` with the learned reward pays for the pairs and for the reward model's training as well, and calls the true reward for the
 *   pairs alone.
 *
 * No run pays for answers to held-out prompts, nor for their measurement.
 *
 * @returns numbers of answers, calls and tokens, and seconds
 */
export function budgetAt({ run, records, pairs, rewardSeconds }: CostFacts, step: number): FrontierBudget {
  const recordsToStep = records.filter((record) => record.step <= step);
  const last = recordsToStep.at(-1);
  const runSeconds = secondsOf(run, recordsToStep);
  if (run.command !== 'rl') {
    const pairTokens = pairs.chosenTokens + (run.command === 'sft' ? 0 : pairs.rejectedTokens);
    const tokens = Math.round(pairTokens * numberOf(last?.epoch));
    return { samples: pairs.samples, rewardCalls: pairs.samples, tokens, seconds: pairs.seconds + runSeconds };
  }
  const ownSamples = numberOf(last?.num_samples);
  const tokens = trainedTokens(run, recordsToStep);
  if (run.options.reward !== LEARNED_REWARD)
    return { samples: ownSamples, rewardCalls: ownSamples, tokens, seconds: runSeconds };
  return {
    samples: pairs.samples + ownSamples,
    rewardCalls: pairs.samples,
    tokens,
    seconds: pairs.seconds + rewardSeconds + runSeconds,
  };
}

/** Seconds of the steps themselves, without loading, compilation before the first step, and checkpoints. */
export function secondsOf(run: Pick<PlannedRun, 'examples'>, records: readonly StoredRecord[]): number {
  return records.reduce((sum, { pairs_per_second: rate }) => {
    const speed = numberOf(rate);
    return sum + (speed > 0 ? run.examples / speed : 0);
  }, 0);
}

/** Tokens of all updates: an update trains on 1 / `perBatch` of the tokens by which `num_tokens` grew with its batch. */
function trainedTokens({ perBatch }: PlannedRun, records: readonly StoredRecord[]): number {
  let [tokens, batchTokens, lastTotal] = [0, 0, 0];
  for (const { num_tokens: value } of records) {
    const total = numberOf(value);
    if (total !== lastTotal) [batchTokens, lastTotal] = [total - lastTotal, total];
    tokens += batchTokens / perBatch;
  }
  return Math.round(tokens);
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
