import type { Colour } from '../chart-frame.js';
import { POINTS, smoothingWindow } from '../condense.js';
import type { ReportData } from '../data.js';
import { number } from '../format.js';
import { type Html, html } from '../html.js';
import { lineChart, type Series } from '../line-chart.js';
import { isOnPolicy } from '../on-policy.js';

type Line = readonly [name: string, key: string, colour: Colour];

interface Chart {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly reference?: { readonly y: number; readonly name: string };
}

/** Of a run on its own answers. Lines have the names that `metrics.jsonl` has, which are those of TRL's trainers. */
const onPolicyCharts: readonly Chart[] = [
  {
    title: 'Reward',
    lines: [
      ['reward', 'reward', 'after'],
      ['eval_reward', 'eval_reward', 'held'],
    ],
  },
  {
    title: 'KL to the reference, nats an answer',
    lines: [
      ['objective/kl', 'objective/kl', 'after'],
      ['eval_kl', 'eval_kl', 'held'],
    ],
  },
  { title: 'Entropy, nats a token', lines: [['entropy', 'entropy', 'after']] },
  {
    title: 'Length of answers, tokens',
    lines: [
      ['completions/mean_length', 'completions/mean_length', 'after'],
      ['completions/max_length', 'completions/max_length', 'other'],
    ],
  },
  { title: 'Weight of the KL penalty, β', lines: [['kl_coef', 'kl_coef', 'after']] },
  { title: 'Share of prompts without a signal', lines: [['frac_reward_zero_std', 'frac_reward_zero_std', 'after']] },
  {
    title: 'What values explain of returns',
    lines: [['value/explained_variance', 'value/explained_variance', 'after']],
  },
  { title: 'Reward margin', lines: [['rewards/margins', 'rewards/margins', 'after']] },
  { title: 'Accuracy', lines: [['rewards/accuracies', 'rewards/accuracies', 'after']] },
  { title: 'Loss', lines: [['loss', 'loss', 'after']] },
  { title: 'Gradient norm', lines: [['grad_norm', 'grad_norm', 'after']] },
  { title: 'Learning rate', lines: [['learning_rate', 'learning_rate', 'after']] },
];

/** Of a run on given answers. */
const charts: readonly Chart[] = [
  {
    title: 'Loss',
    lines: [
      ['training', 'loss', 'after'],
      ['held out', 'eval_loss', 'held'],
    ],
    reference: { y: Math.LN2, name: 'ln 2, no preference' },
  },
  {
    title: 'Reward margin',
    lines: [
      ['training', 'rewards/margins', 'after'],
      ['held out', 'eval_rewards/margins', 'held'],
    ],
  },
  {
    title: 'Accuracy',
    lines: [
      ['training', 'rewards/accuracies', 'after'],
      ['held out', 'eval_rewards/accuracies', 'held'],
    ],
    reference: { y: 0.5, name: 'chance' },
  },
  {
    title: 'Rewards of the answers',
    lines: [
      ['chosen', 'rewards/chosen', 'after'],
      ['rejected', 'rewards/rejected', 'other'],
    ],
  },
  {
    title: 'Log-probabilities of the answers',
    lines: [
      ['chosen', 'logps/chosen', 'after'],
      ['rejected', 'logps/rejected', 'other'],
    ],
  },
  {
    // KTO's estimate over each step, or the estimate on answers drawn at evaluations.
    title: 'KL to the reference, nats',
    lines: [
      ['training', 'kl', 'after'],
      ['held out', 'eval_kl', 'held'],
    ],
  },
  { title: 'Gradient norm', lines: [['gradient norm', 'grad_norm', 'after']] },
  { title: 'Learning rate', lines: [['learning rate', 'learning_rate', 'after']] },
  { title: 'Pairs per second', lines: [['pairs per second', 'pairs_per_second', 'after']] },
];

/** The run's curves with two points or more. */
export function curves({ records }: ReportData): Html | undefined {
  const series = ([name, key, colour]: Line): Series => ({
    name,
    colour,
    // Evaluations are few, and each is on many pairs. The learning rate is exact.
    noisy: key !== 'learning_rate' && !key.startsWith('eval_'),
    points: records.flatMap(({ step, [key]: value }) =>
      typeof value === 'number' && Number.isFinite(value) && Number.isFinite(step) ? [[step, value] as const] : [],
    ),
  });
  const preference = records.some((record) => 'rewards/margins' in record);
  const figures = (isOnPolicy(records) ? onPolicyCharts : charts).flatMap(({ title, lines, reference }) => {
    const curvesOfChart = lines.map(series).filter(({ points }) => points.length > 0);
    if (!curvesOfChart.some(({ points }) => points.length > 1)) return [];
    return [lineChart(title, curvesOfChart, preference ? reference : undefined)];
  });
  if (figures.length === 0) return undefined;
  return html`<section><h2>Training</h2>${noteOnPoints(records.length)}<div class="charts three">${figures}</div></section>`;
}

/** How the points and lines come from single steps; undefined for short runs, which are drawn as they are. */
function noteOnPoints(steps: number): Html | undefined {
  const window = smoothingWindow(steps);
  if (steps > POINTS)
    return html`<p class="soft">Each point is the mean of ${number(Math.ceil(steps / POINTS))} steps; the band spans their lowest and highest value.</p>`;
  if (window === 1) return undefined;
  return html`<p class="soft">Faint lines are single steps; strong lines, and the numbers beside the titles, are means of ${number(window)} steps.</p>`;
}
