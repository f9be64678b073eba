import { expect, it } from 'vitest';
import type { StepRecord } from '../step-record.js';
import { watchOnPolicy } from './watch-on-policy.js';

/** The warnings of a run whose numbers change from step to step, by code and step. */
function warningsOf(numbers: (step: number) => Readonly<Record<string, number>>): string[] {
  const watch = watchOnPolicy({ window: 4 });
  return Array.from({ length: 12 }, (_, i) => watch({ step: i + 1, ...numbers(i + 1) } as unknown as StepRecord))
    .flat()
    .map(({ code, step }) => `${code} ${step}`);
}

it.each([
  ['kl-running-away', (step: number) => ({ 'objective/kl': 10 * step })],
  ['entropy-collapsing', (step: number) => ({ entropy: 3 / step })],
  ['length-exploding', (step: number) => ({ 'completions/mean_length': 20 + 3 * step })],
  ['groups-dead', () => ({ frac_reward_zero_std: 0.9 })],
  ['value-not-learning', () => ({ 'value/explained_variance': -0.2 })],
  ['ratios-skipped', (step: number) => ({ 'ratio/skipped': step === 5 ? 1 : 0 })],
])('says once that there is %s', (code, numbers) => {
  const warnings = warningsOf(numbers);
  expect(warnings.length).toBe(1);
  expect(warnings[0]).toContain(`${code} `);
});

it('says nothing of a run that goes well', () => {
  const well = (step: number) => ({
    ...{ 'objective/kl': 8, entropy: 3 - 0.05 * step, 'completions/mean_length': 20, frac_reward_zero_std: 0.1 },
    ...{ 'value/explained_variance': 0.3, 'ratio/skipped': 0 },
  });
  expect(warningsOf(well)).toEqual([]);
});
