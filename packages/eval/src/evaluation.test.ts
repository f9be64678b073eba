import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestOfNKl, expectedBest } from './best-of-n.js';
import { buildPairs } from './build-pairs.js';
import { bestOfN, implicitMargins, pairAccuracy, rewardGain, rewardKl } from './evaluation.js';

describe('expectedBest', () => {
  it('is the mean over all subsets', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 7 }),
        fc.integer({ min: 1, max: 7 }),
        (rewards, n) => {
          fc.pre(n <= rewards.length);
          const best: number[] = [];
          for (let bits = 0; bits < 1 << rewards.length; bits++) {
            const subset = rewards.filter((_, i) => (bits >> i) & 1);
            if (subset.length === n) best.push(Math.max(...subset));
          }
          expect(expectedBest(rewards, n)).toBeCloseTo(best.reduce((a, b) => a + b, 0) / best.length, 9);
        },
      ),
    );
  });

  it('needs as many samples as it takes the best of', () => {
    expect(() => expectedBest([1, 2], 3)).toThrow(expect.objectContaining({ code: 'eval.too-few-samples' }));
  });

  it('has the KL of the formula', () => {
    expect(bestOfNKl(1)).toBe(0);
    expect(bestOfNKl(4)).toBeCloseTo(Math.log(4) - 0.75, 12);
  });
});

describe('buildPairs', () => {
  const sample = (index: number, text: string, reward: number) => ({
    prompt: `p${index}`,
    index,
    text,
    reward,
    logp: -reward,
  });

  it('pairs the best with the worst, the second best with the second worst, without ties', () => {
    const pairs = buildPairs([
      sample(0, 'b', 0.5),
      sample(0, 'a', 1),
      sample(0, 'd', -1),
      sample(0, 'c', 0),
      sample(1, 'x', 0),
      sample(1, 'y', 0),
    ]);
    expect(pairs.map(({ pair }) => [pair.prompt, pair.chosen, pair.rejected])).toEqual([
      ['p0', 'a', 'd'],
      ['p0', 'b', 'c'],
    ]);
    expect(pairs[0]?.pair).toMatchObject({
      chosenScore: 1,
      rejectedScore: -1,
      referenceChosenLogp: -1,
      referenceRejectedLogp: 1,
    });
    expect(pairs[0]?.chosen.text).toBe('a');
  });

  it('refuses a reward that is no number', () => {
    expect(() => buildPairs([sample(0, 'a', Number.NaN)])).toThrow(expect.objectContaining({ code: 'eval.bad-value' }));
  });

  it('makes at most so many pairs of a prompt', () => {
    const samples = Array.from({ length: 10 }, (_, i) => sample(0, String(i), i));
    expect(buildPairs(samples)).toHaveLength(3);
    expect(buildPairs(samples, { perPrompt: 9 })).toHaveLength(5);
  });
});

describe('rewardKl', () => {
  it('averages rewards and log-ratios', () => {
    const sampleOf = (index: number, reward: number, logp: number, referenceLogp: number) => ({
      index,
      prompt: '',
      text: '',
      reward,
      logp,
      referenceLogp,
    });
    const { reward, kl } = rewardKl([sampleOf(0, 1, -2, -5), sampleOf(1, 0, -4, -3)]);
    expect(reward.mean).toBe(0.5);
    expect(kl.mean).toBe(1); // (3 − 1) / 2
    expect(kl.standardError).toBeCloseTo(2, 12); // values 3 and −1: s = √8, SE = 2
    expect([kl.count, kl.clusters]).toEqual([2, 2]);
  });
});

it('counts a tie as half an accurate pair', () => {
  expect(pairAccuracy([1, 0, -1, 3])).toMatchObject({ share: 0.625, margin: 0.75, count: 4 });
});

it('takes the margin of a pair from its four log-probabilities', () => {
  const pair = { policyChosenLogp: -10, policyRejectedLogp: -30, referenceChosenLogp: -12, referenceRejectedLogp: -25 };
  // Chosen +2, rejected −5: 0.1 · 7. With the answers swapped the margin is the opposite.
  const swapped = {
    policyChosenLogp: pair.policyRejectedLogp,
    policyRejectedLogp: pair.policyChosenLogp,
    referenceChosenLogp: pair.referenceRejectedLogp,
    referenceRejectedLogp: pair.referenceChosenLogp,
  };
  const [margin, opposite] = implicitMargins([pair, swapped], 0.1);
  expect(margin).toBeCloseTo(0.7, 12);
  expect(opposite).toBeCloseTo(-0.7, 12);
});

describe('rewardGain', () => {
  const of = (rewards: readonly (readonly number[])[]) =>
    rewards.flatMap((row, index) => row.map((reward) => ({ index, reward })));

  it('compares prompts with themselves', () => {
    // Prompt means 0.5 → 1 and −0.5 → 0.5: gains 0.5 and 1, s = √0.125, SE = 0.25.
    const gain = rewardGain(
      of([[0, 1], [-0.5]]),
      of([
        [1, 1],
        [0, 1],
      ]),
    );
    expect(gain.mean).toBeCloseTo(0.75, 12);
    expect(gain.standardError).toBeCloseTo(0.25, 12);
  });

  it('refuses texts of other prompts', () => {
    expect(() => rewardGain(of([[1], [2]]), of([[1]]))).toThrow(expect.objectContaining({ code: 'eval.not-paired' }));
  });
});

it('averages the best of N over prompts', () => {
  const samples = [1, 2, 3, 4].map((reward) => ({ index: reward % 2, reward }));
  // Prompt 1: 1, 3; prompt 0: 2, 4. Best of 2: 3 and 4.
  expect(bestOfN(samples, 2).reward.mean).toBe(3.5);
  expect(bestOfN(samples, 1).reward.mean).toBe(2.5);
});
