import { quotedKl } from '../../evaluation.js';
import type { ReportData } from '../data.js';
import { type Html, html } from '../html.js';
import { lineChart } from '../line-chart.js';
import { type PlanePoint, planeChart } from '../plane-chart.js';
import { rateChart } from '../rate-chart.js';
import { rateRows } from '../sections/win-rates.js';
import { runColour } from './run-colours.js';

/** The win rates of all runs at each temperature, and all runs in the plane of reward and KL. */
export function measures(runs: readonly ReportData[]): Html | undefined {
  const charts = [rates(runs), plane(runs)].filter((chart) => chart !== undefined);
  if (charts.length === 0) return undefined;
  return html`<section><h2>What was measured</h2><div class="charts ${charts.length === 1 ? 'one' : 'two'}">${charts}</div></section>`;
}

function rates(runs: readonly ReportData[]): Html | undefined {
  const rows = runs.flatMap(({ title, winRate }) =>
    winRate === undefined
      ? []
      : rateRows(winRate).map((row) => ({ ...row, name: row.name === 'all pairs' ? title : `${title}, ${row.name}` })),
  );
  return rows.length === 0 ? undefined : rateChart('Win rates', rows);
}

function plane(runs: readonly ReportData[]): Html | undefined {
  const points = runs.flatMap(({ title, evaluation }, i): PlanePoint[] => {
    if (evaluation === undefined) return [];
    const { reward } = evaluation.after;
    const kl = quotedKl(evaluation.after);
    return [
      {
        name: title,
        reward: reward.mean,
        rewardError: reward.standardError,
        kl: kl.mean,
        klError: kl.standardError,
        colour: runColour(i),
      },
    ];
  });
  return points.length === 0 ? undefined : planeChart('Reward–KL plane', points);
}

const CURVES = [
  ['Loss', 'loss'],
  ['Held-out loss', 'eval_loss'],
  ['Reward margin', 'rewards/margins'],
  ['Accuracy', 'rewards/accuracies'],
  ['Held-out accuracy', 'eval_rewards/accuracies'],
  ['Chosen reward', 'rewards/chosen'],
  ['Reward', 'reward'],
  ['KL to the reference, nats an answer', 'objective/kl'],
  ['KL to the reference, nats', 'kl'],
  ['Entropy, nats a token', 'entropy'],
  ['Length of answers, tokens', 'completions/mean_length'],
  ['Gradient norm', 'grad_norm'],
  ['Pairs per second', 'pairs_per_second'],
] as const;

/** The curves of all runs, with a chart for each number that any run has. */
export function curves(runs: readonly ReportData[]): Html | undefined {
  const figures = CURVES.flatMap(([title, key]) => {
    const series = runs.flatMap(({ title: name, records }, i) => {
      const points = records.flatMap(({ step, [key]: value }) =>
        typeof value === 'number' && Number.isFinite(value) ? [[step, value] as const] : [],
      );
      return points.length > 1 ? [{ name, points, colour: runColour(i), noisy: !key.startsWith('eval_') }] : [];
    });
    return series.length === 0 ? [] : [lineChart(title, series)];
  });
  if (figures.length === 0) return undefined;
  return html`<section><h2>Training</h2><div class="charts three">${figures}</div></section>`;
}
