import type { Colour } from '../chart-frame.js';
import { POINTS, smoothingWindow } from '../condense.js';
import type { ReportData } from '../data.js';
import { number } from '../format.js';
import { type Html, html } from '../html.js';
import { lineChart, type Series } from '../line-chart.js';

type Line = readonly [name: string, key: string, colour: Colour];

const charts: readonly {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly reference?: { readonly y: number; readonly name: string };
}[] = [
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
  const figures = charts.flatMap(({ title, lines, reference }) => {
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
