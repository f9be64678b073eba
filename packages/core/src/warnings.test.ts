import { describe, expect, it } from 'vitest';
import type { StepRecord } from './trainer.js';
import { watchTraining } from './warnings.js';

const record = (step: number, rewards?: { chosen: number; rejected: number; accuracy: number }): StepRecord => ({
  step,
  loss: 0.5,
  epoch: 0,
  grad_norm: 1,
  learning_rate: 1,
  pairs_per_second: 1,
  peak_rss_bytes: 1,
  ...(rewards === undefined
    ? {}
    : {
        'rewards/chosen': rewards.chosen,
        'rewards/rejected': rewards.rejected,
        'rewards/accuracies': rewards.accuracy,
        'rewards/margins': rewards.chosen - rewards.rejected,
      }),
});

function watch(rewards: (step: number) => { chosen: number; rejected: number; accuracy: number }, steps = 30) {
  const look = watchTraining({ warmupSteps: 5, window: 10 });
  return Array.from({ length: steps }, (_, i) => look(record(i + 1, rewards(i + 1))))
    .flat()
    .map(({ code, step }) => [code, step]);
}

describe('watchTraining', () => {
  it('is silent about a run that goes well', () => {
    expect(watch((step) => ({ chosen: step * 0.01, rejected: step * -0.05, accuracy: 0.5 + step * 0.01 }))).toEqual([]);
  });

  it('says once that both answers fall together', () => {
    expect(watch((step) => ({ chosen: step * -0.1, rejected: step * -0.15, accuracy: 0.8 }))).toEqual([
      ['chosen-falling', 15],
    ]);
  });

  it('does not mistake a rejected answer that falls much faster for it', () => {
    expect(watch((step) => ({ chosen: -0.6, rejected: step * -1, accuracy: 0.8 }))).toEqual([]);
  });

  it('says that nothing is learnt, after the warm-up', () => {
    expect(watch(() => ({ chosen: 0.01, rejected: 0.01, accuracy: 0.5 }))).toEqual([['not-learning', 15]]);
  });

  it('says that the policy does not move', () => {
    expect(watch(() => ({ chosen: 0, rejected: 0, accuracy: 0.5 }))).toEqual([['rewards-stuck', 15]]);
  });

  it('says at once that a gradient was not finite, and has nothing to say of a method without rewards', () => {
    const look = watchTraining();
    expect(look({ ...record(1), skipped: true }).map(({ code }) => code)).toEqual(['gradient-not-finite']);
    expect(look({ ...record(2), skipped: true })).toEqual([]);
    const [warning] = watchTraining()({
      ...record(1),
      skipped: true,
      rows: Array.from({ length: 20 }, (_, i) => 3 * i),
    });
    expect(warning?.message).toContain('rows 0, 3, 6, ');
    expect(warning?.message).toContain('45, ….');
    expect(Array.from({ length: 50 }, (_, i) => look(record(i + 3))).flat()).toEqual([]);
  });
});
