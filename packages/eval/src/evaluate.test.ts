import { describe, expect, it } from 'vitest';
import { evaluateRewardKl } from './evaluate.js';
import { scriptedSampler } from './test/scripted-sampler.js';
import { vaderReward } from './vader/vader-reward.js';

const prompts = ['The film', [{ role: 'user', content: 'Say it' }]];
const sample = scriptedSampler([[' was good', ' was dull'], [' is here']]);
const length = (text: string) => text.length;

describe('evaluateRewardKl', () => {
  it('puts a policy into the plane of reward and KL', async () => {
    const { reward, kl, samples, ...rest } = await evaluateRewardKl({
      prompts,
      sample,
      reward: length,
      logps: async (texts) => texts.map(({ logp }, i) => logp - i),
    });
    // Lengths 9, 9 and 8; log-ratios 0, 1 and 2.
    expect(rest.prompts).toBe(2);
    expect(reward.mean).toBeCloseTo(26 / 3, 12);
    expect(kl.mean).toBeCloseTo(1, 12);
    expect([reward.count, reward.clusters]).toEqual([3, 2]);
    expect(samples[2]).toEqual({
      index: 1,
      prompt: 'user: Say it',
      text: ' is here',
      logp: -2,
      referenceLogp: -4,
      reward: 8,
    });
  });

  it('has a KL of 0 when the policy is the reference', async () => {
    const { kl } = await evaluateRewardKl({ prompts, sample, reward: vaderReward });
    expect(kl).toMatchObject({ mean: 0, standardError: 0 });
  });

  it('shows prompts as `show` says, and hands them to the reward whole', async () => {
    const { samples } = await evaluateRewardKl({
      prompts: ['Header: x'],
      sample,
      reward: async (_, prompt) => prompt.length,
      show: (prompt) => String(prompt).replace('Header: ', ''),
    });
    expect(samples[0]).toMatchObject({ prompt: 'x', reward: 9 });
  });

  it.each([
    ['eval.bad-value', { reward: () => Number.NaN }],
    ['eval.bad-value', { reward: length, logps: async () => [0, Number.NEGATIVE_INFINITY, 0] }],
    ['eval.wrong-count', { reward: length, logps: async () => [0] }],
    ['eval.wrong-count', { reward: length, sample: async () => [{ index: 7, text: '', logp: 0 }] }],
    ['eval.no-values', { reward: length, sample: async () => [] }],
  ])('says %s', async (code, change) => {
    await expect(evaluateRewardKl({ prompts, sample, ...change })).rejects.toMatchObject({ code });
  });
});
