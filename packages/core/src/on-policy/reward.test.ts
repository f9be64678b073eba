import { describe, expect, it } from 'vitest';
import { rewardOf } from './_tree-model-for-tests.js';
import { runTree } from './_tree-run-for-tests.js';
import type { Reward, RewardRequest } from './reward.js';
import { rewardByPrompt } from './reward-by-prompt.js';

describe('a reward that fails', () => {
  const one = (reward: Reward) => runTree({ reward, steps: 1 });

  it.each([
    ['reward.not-a-number', async () => [[1, Number.NaN], ...Array(3).fill([1, 1])], 'sample 1 of prompt'],
    ['reward.wrong-count', async () => [[1], ...Array(3).fill([1, 1])], '1 numbers for the 2 answers to prompt'],
    ['reward.wrong-count', async () => [], '0 numbers for the 2 answers to prompt'],
    [
      'reward.failed',
      rewardByPrompt(async () => {
        throw new Error('no such service');
      }),
      'no such service',
    ],
    ['reward.timed-out', rewardByPrompt(() => new Promise(() => undefined), { seconds: 0.01 }), 'within 0.01 s'],
  ] as const)('%s', async (code, reward, says) => {
    const { error, records } = await one(reward as Reward);
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(says),
      values: { prompt: expect.any(Number) },
    });
    expect(records).toEqual([]);
  });

  it('is asked prompt by prompt', async () => {
    const rows: number[] = [];
    const reward = rewardByPrompt(async ({ row, answers }) => {
      rows.push(row);
      return answers.map(({ tokens }) => rewardOf(tokens));
    });
    const [plain, byPrompt] = [await runTree({ steps: 2 }), await one(reward)];
    expect(byPrompt.records[0]?.reward).toBe(plain.records[0]?.reward);
    expect(new Set(rows).size).toBe(4);
  });
});

describe('the error of a reward of prompts', () => {
  /** Prompts 4, 7 and 9 with three samples of one token each: the prompt's number and the sample's. */
  const requests = [4, 7, 9].map((row): RewardRequest => {
    const answers = [0, 1, 2].map((k) => ({
      ...{ tokens: Int32Array.of(10 * row + k), logps: new Float32Array(1), ended: true },
    }));
    return { prompt: Int32Array.of(1), row, answers };
  });
  const tokensOf = ({ answers }: RewardRequest) => answers.map(({ tokens }) => tokens[0] as number);

  it.each([
    ['the one sample', [71], 'sample 1 of prompt 7: odd', { prompt: 7, samples: [1], why: 'odd' }],
    ['the first prompt', [91, 70, 72], 'samples 0, 2 of prompt 7', { prompt: 7, samples: [0, 2], why: 'odd' }],
    ['all samples', [40, 41, 42], 'samples 0 to 2 of prompt 4', { prompt: 4, samples: [0, 1, 2], why: 'odd' }],
  ])('names %s on which it fails', async (_, odd, says, values) => {
    const reward = rewardByPrompt(async (request) =>
      tokensOf(request).map((token) => {
        if (odd.includes(token)) throw new Error('odd');
        return token;
      }),
    );
    const failure = { code: 'reward.failed', message: expect.stringContaining(says), values };
    await expect(reward(requests)).rejects.toMatchObject(failure);
  });

  it('names all samples where it fails on none alone', async () => {
    const reward = rewardByPrompt(async ({ row, answers }) => {
      if (row === 7 && answers.length > 1) throw new Error('once');
      return answers.map(() => 1);
    });
    await expect(reward(requests)).rejects.toMatchObject({ values: { prompt: 7, samples: [0, 1, 2] } });
  });

  it('names the samples that hang', async () => {
    const reward = rewardByPrompt(
      (request) => (request.row === 9 ? new Promise(() => undefined) : Promise.resolve(tokensOf(request))),
      { seconds: 0.02 },
    );
    await expect(reward(requests)).rejects.toMatchObject({
      code: 'reward.timed-out',
      message: expect.stringContaining('samples 0 to 2 of prompt 9 did not come within 0.02 s'),
      values: { prompt: 9, samples: [0, 1, 2] },
    });
  });
});
