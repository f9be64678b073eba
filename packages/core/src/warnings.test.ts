import { describe, expect, it } from 'vitest';
import type { StepRecord } from './trainer.js';
import { watchTraining } from './warnings.js';

interface Rewards {
  readonly chosen: number;
  readonly rejected: number;
  readonly accuracy: number;
  readonly lengths?: number;
}

const record = (step: number, rewards?: Rewards): StepRecord => ({
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
        ...(rewards.lengths === undefined ? {} : { 'rewards/length_correlation': rewards.lengths }),
      }),
});

function watch(rewards: (step: number) => Rewards, { steps = 30, beta }: { steps?: number; beta?: number } = {}) {
  const look = watchTraining({ warmupSteps: 5, window: 10, beta });
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

  it('says nothing when the rejected answers fall much faster than the chosen ones', () => {
    expect(watch((step) => ({ chosen: -0.6, rejected: step * -1, accuracy: 0.8 }))).toEqual([]);
  });

  it('says that nothing is learnt, after the warm-up', () => {
    expect(watch(() => ({ chosen: 0.01, rejected: 0.01, accuracy: 0.5 }))).toEqual([['not-learning', 15]]);
  });

  it('says that the policy does not move', () => {
    expect(watch(() => ({ chosen: 0, rejected: 0, accuracy: 0.5 }))).toEqual([['rewards-stuck', 15]]);
  });

  it('says that the policy runs away from the reference, when it knows β', () => {
    // The rejected answer falls by 1 a step and the chosen one not at all: at β 0.1 that is 5 nats a step.
    const falling = (step: number) => ({ chosen: 0, rejected: -step, accuracy: 0.8 });
    // The window's second half, steps 11 to 15, is at 65 nats, its first, 6 to 10, at 40.
    expect(watch(falling, { beta: 0.1 })).toEqual([['kl-running-away', 15]]);
    expect(watch(falling)).toEqual([]);
    expect(watch(falling, { beta: 0.5 })).toEqual([]);
    // Far away, but no longer moving.
    expect(watch(() => ({ chosen: 0, rejected: -20, accuracy: 0.8 }), { beta: 0.1 })).toEqual([]);
  });

  it('says that margins follow lengths, unless they follow them less than before', () => {
    const series = (lengths: (step: number) => number) =>
      watch((step) => ({ chosen: 0.1, rejected: -0.5, accuracy: 0.8, lengths: lengths(step) }));
    expect(series((step) => 0.03 * step)).toEqual([['length-exploit', 22]]);
    expect(series((step) => 0.9 - 0.01 * step)).toEqual([]);
    expect(series((step) => (step % 2 === 0 ? 0.8 : -0.8))).toEqual([]);
  });

  it('says at once that a gradient was not finite, and says nothing of a method without rewards', () => {
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
