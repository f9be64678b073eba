import { quotedKl } from '../../evaluation.js';
import type { ReportData } from '../data.js';
import { meanOnly, number, percent, plusMinus } from '../format.js';
import { type Html, html, type Part } from '../html.js';
import { isOnPolicy } from '../on-policy.js';

/** The main numbers, large. */
export function tiles({ evaluation, records }: ReportData): Html | undefined {
  const list: Part[] = [];
  const tile = (name: string, value: Part, note: string) => {
    list.push(html`<div class="tile"><dt>${name}</dt><dd><b>${value}</b><span>${note}</span></dd></div>`);
  };
  if (evaluation !== undefined) {
    const { before, after, accuracy } = evaluation;
    tile(
      'Mean reward',
      fromTo(meanOnly(before.reward), meanOnly(after.reward)),
      `${plusMinus(before.reward)} before, ${plusMinus(after.reward)} after`,
    );
    tile(
      'KL to the reference',
      html`${meanOnly(quotedKl(after))} <small>nats</small>`,
      `${plusMinus(quotedKl(after))}, per text`,
    );
    if (accuracy !== undefined)
      tile(
        'Held-out pair accuracy',
        percent(accuracy.share),
        `95 % interval ${percent(accuracy.low)} to ${percent(accuracy.high)}, ${number(accuracy.count)} pairs`,
      );
  }
  const numbers = (key: string) =>
    records.flatMap(({ [key]: value }) => (typeof value === 'number' && Number.isFinite(value) ? [value] : []));
  const last = records.at(-1);
  if (evaluation === undefined && last !== undefined) {
    const recently = (values: readonly number[]) => {
      const recent = values.slice(-Math.ceil(values.length / 4));
      const note = recent.length === 1 ? 'in the last step' : `mean of the last ${number(recent.length)} steps`;
      return { mean: recent.reduce((sum, value) => sum + value / recent.length, 0), note };
    };
    const [rewards, divergences] = [numbers('reward'), numbers('objective/kl')];
    if (rewards.length > 0)
      tile('Reward', fromTo(rewards[0] as number, recently(rewards).mean), recently(rewards).note);
    if (divergences.length > 0)
      tile(
        'KL to the reference',
        html`${number(recently(divergences).mean)} <small>nats</small>`,
        `${recently(divergences).note}, per answer`,
      );
    const [losses, accuracies] = [numbers('loss'), numbers('rewards/accuracies')];
    if (losses.length > 0 && rewards.length === 0)
      tile('Loss', fromTo(losses[0] as number, recently(losses).mean), recently(losses).note);
    if (accuracies.length > 0) tile('Training accuracy', percent(recently(accuracies).mean), recently(accuracies).note);
    const accuracy = numbers('eval_rewards/accuracies').at(-1);
    if (accuracy !== undefined) tile('Held-out accuracy', percent(accuracy), 'in the last evaluation');
  }
  const rates = numbers('pairs_per_second').sort((a, b) => a - b);
  const memory = Math.max(...numbers('peak_rss_bytes'));
  if (last !== undefined && rates.length > 0)
    tile(
      'Speed',
      html`${number(rates[Math.floor(rates.length / 2)])} <small>${isOnPolicy(records) ? 'prompts' : 'pairs'}/s</small>`,
      `median of ${number(last.step)} steps${memory > 0 ? `, peak memory ${number(memory / 1e9)} GB` : ''}`,
    );
  return list.length > 0 ? html`<dl class="tiles">${list}</dl>` : undefined;
}

function fromTo(before: string | number, after: string | number): Html {
  const text = (value: string | number) => (typeof value === 'string' ? value : number(value));
  return html`<span class="was">${text(before)}</span> <span class="arrow" aria-label="to">→</span> ${text(after)}`;
}
