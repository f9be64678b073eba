import { quotedKl } from '../../evaluation.js';
import { points } from '../../winrate/win-rate-sentence.js';
import type { ReportData } from '../data.js';
import { number, percent, plusMinus, pValue, tenths } from '../format.js';
import { type Html, html } from '../html.js';
import { type ComparedRuns, comparedRuns } from './compared-policies.js';

/** Which run is better, and whether the data are enough to say so. */
export function headline(runs: readonly ReportData[]): Html {
  const compared = comparedRuns(runs);
  const judgedRuns = runs.filter(({ winRate }) => winRate?.report.raw !== undefined);
  const lines =
    compared.length > 0
      ? [...compared.map(sentence), ...differences(judgedRuns)]
      : judgedRuns.length > 0
        ? [`${highest(judgedRuns)} The runs share no judged prompt, so their rates rest on different questions.`]
        : [
            byReward(runs) ??
              byAccuracy(runs) ??
              'Nothing was measured on held-out data: the curves say how the trainings went.',
          ];
  const clear = compared.length === 1 && compared[0]?.conclusion !== 'undecided';
  return html`<div class="verdict ${clear && 'good'}"><p class="headline">${lines[0]}</p>${lines.slice(1).map((line) => html`<p>${line}</p>`)}</div>`;
}

function sentence({ first, second, comparison, conclusion, adjustedPValue }: ComparedRuns): string {
  const { difference, low, high, prompts } = comparison;
  const more = `${second} wins ${points(Math.abs(difference))} ${difference < 0 ? 'less' : 'more'} than ${first} on ${number(prompts)} shared prompts (95 % interval of the difference ${signed(low)} to ${signed(high)} points; sign test ${pValue(adjustedPValue)})`;
  if (conclusion === 'undecided') return `${more}: too few to say which is better.`;
  return `${more}: ${conclusion === 'better' ? second : first} is better.`;
}

function signed(share: number): string {
  return (100 * share).toFixed(1).replace('-', '−');
}

/** Warnings of a comparison whose judges or opponents differ. */
function differences(runs: readonly ReportData[]): string[] {
  const judges = new Set(runs.map(({ winRate }) => winRate?.judges.join('; ')));
  const opponents = new Set(runs.map(({ config }) => opponentOf(config)));
  return [
    ...(judges.size > 1 ? ['Mind that the runs were judged by different judges.'] : []),
    ...(opponents.size > 1 ? ['Mind that the runs were compared with different baselines.'] : []),
  ];
}

function opponentOf(config: ReportData['config']): string {
  const { against, baseline, data } = (config?.options ?? {}) as Readonly<Record<string, unknown>>;
  return JSON.stringify([
    against ?? null,
    baseline ?? null,
    against === undefined && baseline === undefined ? (data ?? null) : null,
  ]);
}

function highest(runs: readonly ReportData[]): string {
  const best = runs.reduce((a, b) => ((b.winRate?.report.raw?.rate ?? 0) > (a.winRate?.report.raw?.rate ?? 0) ? b : a));
  return `${best.title} has the highest win rate, ${tenths(best.winRate?.report.raw?.rate ?? 0)}.`;
}

function byReward(runs: readonly ReportData[]): string | undefined {
  const evaluatedRuns = runs.filter(({ evaluation }) => evaluation !== undefined);
  const [one, ...others] = evaluatedRuns;
  if (one === undefined) return undefined;
  const best = others.reduce((a, b) => (rewardOf(b) > rewardOf(a) ? b : a), one);
  const after = best.evaluation?.after;
  return `${best.title} has the highest mean reward of ${number(evaluatedRuns.length)}, ${after && plusMinus(after.reward)}, at a KL of ${after && plusMinus(quotedKl(after))} nats from its reference.`;
}

function rewardOf({ evaluation }: ReportData): number {
  return evaluation?.after.reward.mean ?? Number.NEGATIVE_INFINITY;
}

function byAccuracy(runs: readonly ReportData[]): string | undefined {
  const accuracies = runs.flatMap(({ title, records }) => {
    const last = records.findLast((record) => typeof record['eval_rewards/accuracies'] === 'number');
    return last === undefined ? [] : [{ title, accuracy: last['eval_rewards/accuracies'] as number }];
  });
  if (accuracies.length === 0) return undefined;
  const best = accuracies.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  return `${best.title} prefers the chosen answer of held-out pairs most often, in ${percent(best.accuracy)} of cases.`;
}
