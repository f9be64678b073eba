import type { StoredRecord } from '@dpo/core';
import type { FrontierBudget } from '@dpo/eval';
import type { PairFacts } from './pairs-of-seed.js';
import { LEARNED, type PlannedRun } from './recipe.js';

/** What a run's cost is counted from. */
export interface Spent {
  readonly run: PlannedRun;
  /** The run's `metrics.jsonl`. */
  readonly records: readonly StoredRecord[];
  readonly pairs: PairFacts;
  /** Seconds that the reward model's training took. */
  readonly rewardSeconds: number;
}

/**
 * What a run spent up to a step. Methods of pairs pay for the answers that the pairs were made of, methods with a learned reward for
 * these, for the reward model and for their own answers. The base's answers on held-out prompts count for nobody.
 */
export function budgetAt({ run, records, pairs, rewardSeconds }: Spent, step: number): FrontierBudget {
  const done = records.filter((record) => record.step <= step);
  const own = secondsOf(run, done);
  if (run.command !== 'rl') {
    const tokens = pairs.chosenTokens + (run.command === 'sft' ? 0 : pairs.rejectedTokens);
    const passes = numberOf(done.at(-1)?.epoch);
    const bought = { samples: pairs.samples, rewardCalls: pairs.samples };
    return { ...bought, tokens: Math.round(tokens * passes), seconds: pairs.seconds + own };
  }
  const drawn = numberOf(done.at(-1)?.num_samples);
  const tokens = trainedTokens(run, done);
  if (run.options.reward !== LEARNED) return { samples: drawn, rewardCalls: drawn, tokens, seconds: own };
  return {
    samples: pairs.samples + drawn,
    rewardCalls: pairs.samples,
    tokens,
    seconds: pairs.seconds + rewardSeconds + own,
  };
}

/** Seconds of the steps themselves: loading, compiling before the first step and checkpoints are left out. */
export function secondsOf(run: Pick<PlannedRun, 'examples'>, records: readonly StoredRecord[]): number {
  return records.reduce((sum, { pairs_per_second: rate }) => {
    const speed = numberOf(rate);
    return sum + (speed > 0 ? run.examples / speed : 0);
  }, 0);
}

/** Each update trains on its share of the batch that `num_tokens` counts. */
function trainedTokens({ perBatch }: PlannedRun, records: readonly StoredRecord[]): number {
  let [tokens, ofBatch, counted] = [0, 0, 0];
  for (const { num_tokens: soFar } of records) {
    const total = numberOf(soFar);
    if (total !== counted) [ofBatch, counted] = [total - counted, total];
    tokens += ofBatch / perBatch;
  }
  return Math.round(tokens);
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
