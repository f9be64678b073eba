import type { Evaluation } from '../evaluation-file.js';
import { histogram, lineChart, type PlanePoint, planeChart, type Series } from './charts.js';
import type { MetricsRecord, ReportData } from './data.js';
import { type Html, html, number, plusMinus } from './html.js';

/** What happened, in a sentence. */
export function verdict({ evaluation, records }: ReportData): Html | undefined {
  if (evaluation === undefined) {
    const last = records.at(-1);
    if (last === undefined) return undefined;
    return html`<p class="verdict">Trained ${last.step} steps; the last loss is ${number(Number(last.loss))}.</p>`;
  }
  const { gain, after } = evaluation;
  const errors = gain.mean / gain.standardError;
  const kl = `at a KL of ${number(after.kl.mean)} nats from the reference`;
  if (errors >= 3)
    return html`<p class="verdict good"><b>It improved.</b> The mean reward on held-out prompts rose by ${number(gain.mean)}, which is ${Math.round(errors)} standard errors, ${kl}.</p>`;
  if (errors <= -3)
    return html`<p class="verdict bad"><b>It got worse.</b> The mean reward on held-out prompts fell by ${number(-gain.mean)}, ${Math.round(-errors)} standard errors, ${kl}.</p>`;
  return html`<p class="verdict"><b>No clear change.</b> The mean reward moved by ${plusMinus(gain)}, less than three standard errors, ${kl}.</p>`;
}

/** The main numbers. */
export function tiles({ evaluation, records }: ReportData): Html | undefined {
  const tile = (value: string, name: string) => html`<div class="tile"><b>${value}</b><span>${name}</span></div>`;
  const last = records.at(-1);
  const rates = records
    .map((record) => Number(record.pairs_per_second))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const shown = [
    evaluation && tile(plusMinus(evaluation.before.reward), 'reward before'),
    evaluation && tile(plusMinus(evaluation.after.reward), 'reward after'),
    evaluation && tile(plusMinus(evaluation.after.kl), 'KL, nats'),
    evaluation?.accuracy &&
      tile(number(evaluation.accuracy.share), `accuracy on ${evaluation.accuracy.count} held-out pairs`),
    last && tile(String(last.step), 'steps'),
    rates.length > 0 && tile(number(rates[Math.floor(rates.length / 2)]), 'pairs/s, median'),
    typeof last?.peak_rss_bytes === 'number' && tile(`${(last.peak_rss_bytes / 1e9).toFixed(2)} GB`, 'peak memory'),
  ];
  return html`<div class="tiles">${shown}</div>`;
}

/** The reward–KL plane and the distribution of rewards. */
export function evidence({ evaluation }: ReportData): Html | undefined {
  if (evaluation === undefined) return undefined;
  const { before, after, rewards, bestOfN = [] } = evaluation;
  const points: PlanePoint[] = [
    ...bestOfN.map(({ n, reward, kl }) => ({
      name: `best of ${n}`,
      x: kl,
      y: reward.mean,
      yError: reward.standardError,
      colour: 3 as const,
    })),
    { name: 'before', x: before.kl.mean, y: before.reward.mean, yError: before.reward.standardError, colour: 1 },
    {
      name: 'after',
      x: after.kl.mean,
      y: after.reward.mean,
      xError: after.kl.standardError,
      yError: after.reward.standardError,
      colour: 2,
    },
  ];
  return html`<h2>Reward against KL</h2>
    <p class="soft">${evaluation.reward}, on ${evaluation.prompts} held-out prompts; bars are standard errors. Best-of-N draws from the model before training; its KL is by formula.</p>
    <div class="charts">${planeChart('Reward and KL', points)}
    ${histogram('Rewards of the texts', -1, 1, [
      { name: 'before', values: rewards.before, colour: 1 },
      { name: 'after', values: rewards.after, colour: 2 },
    ])}</div>`;
}

/** The run's curves. */
export function curves({ records }: ReportData): Html | undefined {
  if (records.length < 2) return undefined;
  const series = (name: string, key: string, colour: Series['colour']): Series | undefined => {
    const points = records.flatMap(({ step, [key]: value }: MetricsRecord) =>
      typeof value === 'number' && Number.isFinite(value) ? [[step, value] as const] : [],
    );
    return points.length > 1 ? { name, points, colour } : undefined;
  };
  const chart = (title: string, lines: readonly (Series | undefined)[], reference?: { y: number; name: string }) => {
    const there = lines.filter((line) => line !== undefined);
    return there.length > 0 && lineChart(title, there, reference);
  };
  const preference = records.some((record) => 'rewards/margins' in record);
  return html`<h2>Training</h2><div class="charts">
    ${chart('Loss', [series('training', 'loss', 2), series('held out', 'eval_loss', 3)], preference ? { y: Math.LN2, name: 'ln 2' } : undefined)}
    ${chart('Reward margin', [series('training', 'rewards/margins', 2), series('held out', 'eval_rewards/margins', 3)])}
    ${chart('Accuracy', [series('training', 'rewards/accuracies', 2), series('held out', 'eval_rewards/accuracies', 3)], { y: 0.5, name: 'chance' })}
    ${chart('Implicit rewards', [series('chosen', 'rewards/chosen', 2), series('rejected', 'rewards/rejected', 1)])}
    ${chart('Log-probabilities of the answers', [series('chosen', 'logps/chosen', 2), series('rejected', 'logps/rejected', 1)])}
    ${chart('Gradient norm', [series('norm', 'grad_norm', 2)])}
    ${chart('Learning rate', [series('rate', 'learning_rate', 2)])}
    ${chart('Pairs per second', [series('rate', 'pairs_per_second', 2)])}</div>`;
}

/** Texts before and after, side by side. */
export function samples({ evaluation }: ReportData): Html | undefined {
  if (evaluation === undefined || evaluation.samples.length === 0) return undefined;
  const cell = (side: string, { prompt, text, reward }: Evaluation['samples'][number]['before']) =>
    html`<td data-side="${side}"><p><span class="opening">${prompt}</span>${text}</p><span class="score">reward ${number(reward)}</span></td>`;
  return html`<h2>Samples</h2><div class="scroll"><table class="samples"><thead><tr><th>before</th><th>after</th></tr></thead>
    <tbody>${evaluation.samples.map(({ before, after }) => html`<tr>${cell('before', before)}${cell('after', after)}</tr>`)}</tbody></table></div>`;
}

/** Words that the model may be overusing. */
export function words({ evaluation }: ReportData): Html | undefined {
  if (evaluation === undefined || evaluation.words.counts.length === 0) return undefined;
  const { texts, counts } = evaluation.words;
  return html`<h2>Words to watch</h2><p class="soft">A reward made of words invites repeating the best paid ones. Texts that hold each word at least once:</p>
    <div class="scroll"><table><thead><tr><th>word</th><th class="n">before, of ${texts.before}</th><th class="n">after, of ${texts.after}</th></tr></thead>
    <tbody>${counts.map(({ word, before, after }) => html`<tr><td>${word}</td><td class="n">${before}</td><td class="n">${after}</td></tr>`)}</tbody></table></div>`;
}

/** What the run depended on. */
export function configuration({ config }: ReportData): Html | undefined {
  if (config === undefined) return undefined;
  const rows = flatten(config);
  return html`<h2>Configuration</h2><div class="scroll"><table class="config"><tbody>
    ${rows.map(([key, value]) => html`<tr><td>${key}</td><td>${value}</td></tr>`)}</tbody></table></div>`;
}

function flatten(value: Readonly<Record<string, unknown>>, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, each]): [string, string][] => {
    if (each === undefined || each === null) return [];
    if (typeof each === 'object' && !Array.isArray(each))
      return flatten(each as Record<string, unknown>, `${prefix}${key}.`);
    return [
      [prefix + key, typeof each === 'number' ? String(each) : Array.isArray(each) ? each.join(', ') : String(each)],
    ];
  });
}
