import { expect, it } from 'vitest';
import { budgetAt } from './budgets.js';
import type { PlannedRun } from './recipe.js';

const pairs = { samples: 80, pairs: 10, chosenTokens: 100, rejectedTokens: 120, seconds: 5 };
const plan = (command: PlannedRun['command'], more: Partial<PlannedRun> = {}): PlannedRun => ({
  ...{ id: 'a', method: 'A', setting: '', options: {}, steps: 4, every: 2, examples: 8, perBatch: 1, answers: 16 },
  ...{ command, ...more },
});

it('runs on pairs pay for the answers from which the pairs were made', () => {
  // 8 pairs at 4 a second and at 2 a second: 2 s and 4 s. A step of 8 is 0.8 of the 10 pairs.
  const records = [
    { step: 1, epoch: 0.8, pairs_per_second: 4 },
    { step: 2, epoch: 1.6, pairs_per_second: 2 },
    { step: 3, epoch: 2.4, pairs_per_second: 2 },
  ];
  const facts = { run: plan('train'), records, pairs, rewardSeconds: 100 };
  expect(budgetAt(facts, 2)).toEqual({ samples: 80, rewardCalls: 80, tokens: 352, seconds: 11 });
  // Fine-tuning reads the chosen answers alone.
  expect(budgetAt({ ...facts, run: plan('sft') }, 1)).toEqual({ samples: 80, rewardCalls: 80, tokens: 80, seconds: 7 });
});

it('on-policy runs pay for their own answers, and with a learned reward for the pairs and the reward model as well', () => {
  // A batch has two minibatches and two iterations: four updates to the first 64 answers of 1,000 tokens.
  const batch = { num_samples: 64, num_tokens: 1000, pairs_per_second: 4 };
  const nextBatch = { num_samples: 128, num_tokens: 1800, pairs_per_second: 4 };
  const records = [1, 2, 3, 4, 5].map((step) => ({ step, ...(step < 5 ? batch : nextBatch) }));
  const run = plan('rl', { perBatch: 2 });
  const facts = { run, records, pairs, rewardSeconds: 100 };
  expect(budgetAt(facts, 4)).toEqual({ samples: 64, rewardCalls: 64, tokens: 2000, seconds: 8 });
  expect(budgetAt(facts, 5)).toEqual({ samples: 128, rewardCalls: 128, tokens: 2400, seconds: 10 });
  const withLearnedReward = { ...facts, run: { ...run, options: { reward: 'learned' } } };
  expect(budgetAt(withLearnedReward, 4)).toEqual({ samples: 144, rewardCalls: 80, tokens: 2000, seconds: 113 });
});
