import { expect, it } from 'vitest';
import { sampleRecords } from '../test/sample-report.js';
import { figuresCsv } from './figures.js';
import { renderReport } from './render.js';

/** A run of RLOO whose numbers are its step's. */
const records = [1, 2, 3].map((step) => ({
  ...{ step, loss: -0.1 * step, grad_norm: 1, learning_rate: 1e-5, pairs_per_second: 4 },
  ...{ reward: step / 10, kl: step / 100, 'objective/kl': step / 4, entropy: 3 - step, kl_coef: 0.05 },
  ...{ 'completions/mean_length': 20 + step, 'completions/max_length': 24, frac_reward_zero_std: 0 },
  ...(step === 3 ? { eval_reward: 0.5, eval_kl: 0.9 } : {}),
}));
const run = { title: 'rloo', records, config: { command: 'rl', dataset: { rows: 12 } } };

it('shows reward, KL divergence, entropy and lengths of a run on its own answers, by the names of its records', () => {
  const page = renderReport(run);
  const titles = [
    'Reward',
    'KL to the reference, nats an answer',
    'Entropy, nats a token',
    'Length of answers, tokens',
  ];
  for (const title of titles) expect(page).toContain(`<figcaption>${title}`);
  expect(page).toContain('Over steps 1 to 3: reward from 0.1 to 0.3');
  expect(page).toContain('objective/kl from 0.25 to 0.75');
  for (const name of ['eval_reward', 'eval_kl', 'completions/mean_length']) expect(page).toContain(name);
  expect(page).toContain('Report of training by a reward');
  expect(page).toContain('The mean reward of the answers went from 0.1 to 0.3, at a KL of 0.75 nats an answer');
  expect(page).toContain('On held-out prompts the mean reward was 0.5 after step 3.');
  expect(page).toContain('12 prompts');
  expect(page).toContain('prompts/s');
  // Nats a token and nats an answer never share a chart.
  expect(page).not.toMatch(/<figcaption>KL to the reference, nats</);
  expect(page).not.toContain('what DPO trains');
});

it('leaves the charts of a run on pairs as they were', () => {
  const page = renderReport({ title: 'dpo', records: sampleRecords() });
  expect(page).not.toContain('<figcaption>Entropy');
  expect(page).toContain('<figcaption>Pairs per second');
});

it('has the figures in the table of all runs', () => {
  const csv = figuresCsv([run]);
  for (const line of ['rloo,reward,,0.3', 'rloo,objective/kl,,0.75', 'rloo,entropy,,0,', 'rloo,eval_reward,,0.5'])
    expect(csv).toContain(line);
});
