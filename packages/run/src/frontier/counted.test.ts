import { expect, it } from 'vitest';
import { budgetAt } from './budgets.js';
import { frontierProgress } from './progress.js';
import type { PlannedRun } from './recipe.js';
import { secondsFor } from './time-left.js';

const pairs = { samples: 80, pairs: 10, chosenTokens: 100, rejectedTokens: 120, seconds: 5 };
const plan = (command: PlannedRun['command'], more: Partial<PlannedRun> = {}): PlannedRun => ({
  ...{ id: 'a', method: 'A', setting: '', options: {}, steps: 4, every: 2, examples: 8, perBatch: 1, answers: 16 },
  ...{ command, ...more },
});

it('methods of pairs pay for the answers that pairs were made of', () => {
  // 8 pairs at 4 a second and at 2 a second: 2 s and 4 s. A step of 8 is 0.8 of the 10 pairs.
  const records = [
    { step: 1, epoch: 0.8, pairs_per_second: 4 },
    { step: 2, epoch: 1.6, pairs_per_second: 2 },
    { step: 3, epoch: 2.4, pairs_per_second: 2 },
  ];
  const spent = { run: plan('train'), records, pairs, rewardSeconds: 100 };
  expect(budgetAt(spent, 2)).toEqual({ samples: 80, rewardCalls: 80, tokens: 352, seconds: 11 });
  // Fine-tuning reads the chosen answers alone.
  expect(budgetAt({ ...spent, run: plan('sft') }, 1)).toEqual({ samples: 80, rewardCalls: 80, tokens: 80, seconds: 7 });
});

it('on-policy runs pay for their own answers, and with a learned reward for that as well', () => {
  // Two minibatches to a batch, gone through twice: four updates to the first 64 answers of 1,000 tokens.
  const batch = { num_samples: 64, num_tokens: 1000, pairs_per_second: 4 };
  const next = { num_samples: 128, num_tokens: 1800, pairs_per_second: 4 };
  const records = [1, 2, 3, 4, 5].map((step) => ({ step, ...(step < 5 ? batch : next) }));
  const run = plan('rl', { perBatch: 2 });
  const spent = { run, records, pairs, rewardSeconds: 100 };
  expect(budgetAt(spent, 4)).toEqual({ samples: 64, rewardCalls: 64, tokens: 2000, seconds: 8 });
  expect(budgetAt(spent, 5)).toEqual({ samples: 128, rewardCalls: 128, tokens: 2400, seconds: 10 });
  const learned = { ...spent, run: { ...run, options: { reward: 'learned' } } };
  expect(budgetAt(learned, 4)).toEqual({ samples: 144, rewardCalls: 80, tokens: 2000, seconds: 113 });
});

it('time that is left goes by what work of the same kind took', () => {
  const done = [
    { kind: 'a', units: 10, seconds: 20 },
    { kind: 'b', units: 30, seconds: 20 },
  ];
  expect(secondsFor([{ kind: 'a', units: 5 }], done)).toBe(10);
  // Of no kind that was seen: a second to a unit, as all together.
  expect(
    secondsFor(
      [
        { kind: 'c', units: 7 },
        { kind: 'b', units: 3 },
      ],
      done,
    ),
  ).toBe(9);
  expect(secondsFor([{ kind: 'a', units: 5 }], [])).toBeUndefined();
});

it('tells place, name, share and the time left', async () => {
  const lines: string[] = [];
  const work = [
    { kind: 'a', units: 2, name: 'first' },
    { kind: 'a', units: 2, name: 'second' },
  ];
  const progress = frontierProgress(work, { progress: (line) => lines.push(line) });
  for (const each of work) await progress.next(each, async (onShare) => onShare(0.5));
  expect(lines.map((line) => line.replace(/\d+:\d\d/, 'm:ss'))).toEqual([
    '1/2 first: 0 %',
    '1/2 first: 50 %  m:ss left',
    '2/2 second: 0 %',
    '2/2 second: 50 %  m:ss left',
  ]);
});
