import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { clippedRatioLoss } from './clipped-ratio-loss.js';
import { clippedValueLoss } from './clipped-value-loss.js';
import { generalisedAdvantages } from './generalised-advantages.js';
import { groupAdvantages } from './group-advantages.js';
import { adaptiveKl, fixedKl } from './kl-control.js';
import { leaveOneOut } from './leave-one-out.js';
import { answerKl, penalisedRewards, rewardsToGo } from './penalised-rewards.js';
import { k3Penalty } from './reference-penalty.js';
import { whiten } from './whiten.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

const close = (got: ArrayLike<number>, want: readonly number[], digits = 6) => {
  expect(got.length).toBe(want.length);
  want.forEach((value, i) => {
    expect(got[i]).toBeCloseTo(value, digits);
  });
};
const vector = (...values: number[]) => tf.tensor1d(values);
const numbers = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 6 });

describe('leaving one out', () => {
  it('compares each reward with the mean of the others', () => {
    // 3 − (1 + 2)/2, 1 − (3 + 2)/2, 2 − (3 + 1)/2
    expect(leaveOneOut([3, 1, 2])).toEqual([1.5, -1.5, 0]);
  });

  it('is k/(k−1) of the difference from the mean, sums to zero, and does not see what all share', () => {
    fc.assert(
      fc.property(numbers, (rewards) => {
        const k = rewards.length;
        const mean = rewards.reduce((sum, reward) => sum + reward, 0) / k;
        const advantages = leaveOneOut(rewards);
        close(
          advantages,
          rewards.map((reward) => (k / (k - 1)) * (reward - mean)),
        );
        close(leaveOneOut(rewards.map((reward) => reward + 7)), advantages);
      }),
    );
  });

  it('refuses a sample without others', () => {
    expect(() => leaveOneOut([1])).toThrow(expect.objectContaining({ code: 'on-policy.one-sample' }));
  });
});

describe("a group's advantages", () => {
  const groups = [
    [1, 3],
    [5, 5],
  ];

  it('are divided by the deviation of the group', () => {
    // The deviation of 1 and 3 is √2; equal rewards say nothing.
    close(groupAdvantages(groups).flat(), [-1 / (Math.SQRT2 + 1e-4), 1 / (Math.SQRT2 + 1e-4), 0, 0]);
  });

  it('are divided by the deviation of the batch', () => {
    // 1, 3, 5, 5: mean 3.5, squares 6.25 + 0.25 + 2.25 + 2.25 = 11, divided by 3.
    const divisor = Math.sqrt(11 / 3) + 1e-4;
    close(groupAdvantages(groups, 'batch').flat(), [-1 / divisor, 1 / divisor, 0, 0]);
  });

  it('are differences alone for dr-GRPO', () => {
    expect(groupAdvantages(groups, 'none')).toEqual([
      [-1, 1],
      [0, 0],
    ]);
  });
});

describe('rewards with a penalty', () => {
  const ratios = { old: [-1, -2, -0.5], reference: [-1.5, -1, -0.5] };

  it('have the penalty at each token and the reward at the last', () => {
    // k1 = 0.5, −1, 0
    close(penalisedRewards(2, ratios, 0.1), [-0.05, 0.1, 2]);
    expect(answerKl(ratios)).toBe(-0.5);
  });

  it('add up from the end', () => {
    expect([...rewardsToGo([1, 2, 3])]).toEqual([6, 5, 3]);
    expect([...rewardsToGo([])]).toEqual([]);
  });
});

describe('generalised advantages', () => {
  it('are what recursion by hand gives', () => {
    const { advantages, returns } = generalisedAdvantages([0, -1, 2], [0.5, 1, 1.5], { lambda: 0.5 });
    // δ = 0 + 1 − 0.5, −1 + 1.5 − 1, 2 − 1.5; A_3 = 0.5, A_2 = −0.5 + 0.25, A_1 = 0.5 − 0.125
    close(advantages, [0.375, -0.25, 0.5]);
    close(returns, [0.875, 0.75, 2]);
  });

  it('of γ 1 and λ 1 are all that is to come less the value', () => {
    const [rewards, values] = [
      [0.3, -0.2, 1],
      [0.1, 0.2, -0.4],
    ] as const;
    const { advantages, returns } = generalisedAdvantages(rewards, values, { lambda: 1 });
    close(advantages, [1.1 - 0.1, 0.8 - 0.2, 1 + 0.4]);
    close(returns, [1.1, 0.8, 1]);
  });

  it('of λ 0 look one token ahead', () => {
    close(generalisedAdvantages([1, 1], [3, 5], { lambda: 0, discount: 0.5 }).advantages, [1 + 2.5 - 3, 1 - 5]);
  });

  it('take γ 1 and λ 0.95 where nothing is said', () => {
    close(generalisedAdvantages([0, 1], [0, 0]).advantages, [0.95, 1]);
  });
});

describe('whitening', () => {
  it('goes over all lists together', () => {
    // 1, 3, 5, 7: mean 4, variance (9 + 1 + 1 + 9)/4 = 5
    const root = Math.sqrt(5 + 1e-8);
    const [first, second] = whiten([
      [1, 3],
      [5, 7],
    ]) as [Float32Array, Float32Array];
    close([...first, ...second], [-3 / root, -1 / root, 1 / root, 3 / root]);
  });

  it('makes nothing of equal numbers', () => {
    expect(whiten([[2, 2], [2]]).map((list) => [...list])).toEqual([[0, 0], [0]]);
  });
});

describe('the control of KL', () => {
  it('stays or follows, by at most a fifth of a horizon', () => {
    expect(fixedKl(0.1).after(100).beta).toBe(0.1);
    const control = adaptiveKl({ beta: 0.1, target: 4, horizon: 10 });
    expect(control.after(4).beta).toBe(0.1);
    expect(control.after(4.4).beta).toBeCloseTo(0.1 * 1.01, 12); // e = 0.1
    expect(control.after(400).beta).toBeCloseTo(0.1 * 1.02, 12); // e clipped at 0.2
    expect(control.after(0).after(0).beta).toBeCloseTo(0.1 * 0.98 ** 2, 12);
  });

  it.each([
    () => fixedKl(-0.1),
    () => fixedKl(Number.NaN),
    () => adaptiveKl({ beta: 0, target: 1 }),
    () => adaptiveKl({ beta: 0.1, target: 0 }),
    () => adaptiveKl({ beta: 0.1, target: 1, horizon: 0.5 }),
  ])('refuses what cannot be %#', (make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'on-policy.out-of-range' }));
  });
});

describe('the clipped ratio', () => {
  const logs = (...ratios: number[]) => vector(...ratios.map(Math.log));

  it('counts as far as ε where the advantage would have it go further', () => {
    const ratios = [1, 1.5, 0.5, 1.5, 0.5];
    const terms = clippedRatioLoss(logs(...ratios), vector(2, 1, -1, -1, 1), { low: 0.2, high: 0.3 });
    // 1·2; min(1.5, 1.3); min(−0.5, −0.8); min(−1.5, −1.3); min(0.5, 0.8)
    close(terms.losses.dataSync(), [-2, -1.3, 0.8, 1.5, -0.5]);
    close(terms.ratios.dataSync(), ratios);
    expect([...terms.clippedLow.dataSync()]).toEqual([0, 0, 1, 0, 0]);
    expect([...terms.clippedHigh.dataSync()]).toEqual([0, 1, 0, 0, 0]);
  });

  it('has the gradient −ρ A where it is not clipped, and none where it is', () => {
    const gradient = tf.grad((x) => tf.sum(clippedRatioLoss(x as tf.Tensor1D, vector(2, 1, -1, -1)).losses));
    close(gradient(logs(1, 1.5, 0.5, 1.5)).dataSync(), [-2, 0, 0, 1.5]);
  });
});

describe('k3', () => {
  it('is e^d − d − 1 of the difference, with the gradient 1 − e^d', () => {
    const [policy, reference] = [vector(-1, -2, -0.5), vector(-1, -1, -1.5)];
    close(k3Penalty(policy, reference).dataSync(), [0, Math.E - 2, Math.exp(-1)]);
    const gradient = tf.grad((x) => tf.sum(k3Penalty(x as tf.Tensor1D, reference)));
    close(gradient(policy).dataSync(), [0, 1 - Math.E, 1 - Math.exp(-1)]);
  });

  it('and k1 have KL(π ‖ π_ref) as their mean over what π draws', () => {
    const [pi, ref] = [
      [0.5, 0.3, 0.2],
      [0.2, 0.2, 0.6],
    ] as const;
    const kl = pi.reduce((sum, p, i) => sum + p * Math.log(p / (ref[i] as number)), 0);
    const logs = (p: readonly number[]) => tf.log<tf.Tensor1D>(vector(...p));
    const k3 = k3Penalty(logs(pi), logs(ref)).dataSync();
    expect(pi.reduce((sum, p, i) => sum + p * (k3[i] as number), 0)).toBeCloseTo(kl, 6);
    const k1 = pi.map((p, i) => answerKl({ old: [Math.log(p)], reference: [Math.log(ref[i] as number)] }));
    expect(pi.reduce((sum, p, i) => sum + p * (k1[i] as number), 0)).toBeCloseTo(kl, 12);
  });
});

describe('the value loss', () => {
  it('takes the worse of the value and the value held near the old one', () => {
    const terms = clippedValueLoss(vector(1, 1, 1), vector(1.1, 0.5, 0.5), vector(2, 2, 0));
    // (1 − 2)²; clipped at 0.7, (0.7 − 2)² = 1.69; clipped at 0.7, 0.49 < 1
    close(terms.losses.dataSync(), [0.5, 0.845, 0.5]);
    expect([...terms.clipped.dataSync()]).toEqual([0, 1, 0]);
  });

  it('has no gradient where the held value counts', () => {
    const gradient = tf.grad((x) =>
      tf.sum(clippedValueLoss(x as tf.Tensor1D, vector(1.1, 0.5, 0.5), vector(2, 2, 0)).losses),
    );
    close(gradient(vector(1, 1, 1)).dataSync(), [-1, 0, 1]);
  });
});
