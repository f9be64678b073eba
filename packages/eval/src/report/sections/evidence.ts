import { quotedKl } from '../../evaluation.js';
import type { Estimate } from '../../statistics.js';
import type { ReportData } from '../data.js';
import { number } from '../format.js';
import { histogram } from '../histogram.js';
import { type Html, html } from '../html.js';
import { type PlanePoint, planeChart } from '../plane-chart.js';

/** The reward–KL plane and the distribution of rewards. */
export function evidence({ evaluation }: ReportData): Html | undefined {
  if (evaluation === undefined) return undefined;
  const { before, after, rewards, bestOfN = [], others = [] } = evaluation;
  const point = (
    name: string,
    { reward, kl }: { readonly reward: Estimate; readonly kl: Estimate },
    colour: PlanePoint['colour'],
  ) => ({
    name,
    reward: reward.mean,
    rewardError: reward.standardError,
    kl: kl.mean,
    klError: kl.standardError,
    colour,
  });
  const points: PlanePoint[] = [
    ...bestOfN.map(({ n, reward, kl }) => ({
      name: `N = ${n}`,
      reward: reward.mean,
      rewardError: reward.standardError,
      kl,
      colour: 'other' as const,
      family: 'best of N samples, before',
    })),
    ...others.map((each) => point(each.name, each, 'held')),
    point('before', { reward: before.reward, kl: quotedKl(before) }, 'before'),
    point('after', { reward: after.reward, kl: quotedKl(after) }, 'after'),
  ];
  const hasRewards = rewards.before.length > 0 && rewards.after.length > 0;
  return html`<section><h2>Reward and KL</h2>
<p class="soft">Reward: ${evaluation.reward}. ${number(evaluation.prompts)} held-out prompts${hasRewards && `, ${number(rewards.before.length)} texts before and ${number(rewards.after.length)} after`}. Bars are standard errors, clustered by prompt.${bestOfN.length > 0 && ' Best-of-N picks the best of N texts of the model before training; its KL is by formula.'}</p>
<div class="charts two">${planeChart('Reward–KL plane', points)}${
    hasRewards &&
    histogram('Rewards of the texts', 'reward of a text', [
      { name: 'before', values: rewards.before, colour: 'before' },
      { name: 'after', values: rewards.after, colour: 'after' },
    ])
  }</div></section>`;
}
