import { quotedKl } from '../../evaluation.js';
import { points } from '../../winrate/win-rate-sentence.js';
import type { ReportData } from '../data.js';
import { number, percent, plusMinus, tenths, tenthsRange } from '../format.js';
import { type Html, html } from '../html.js';
import { runColour } from './run-colours.js';

type Row = readonly [name: string, value: (run: ReportData) => string | undefined];

const figures: readonly Row[] = [
  [
    'win rate',
    ({ winRate }) => winRate?.report.raw && `${tenths(winRate.report.raw.rate)} (${tenthsRange(winRate.report.raw)})`,
  ],
  [
    'at equal length',
    ({ winRate }) =>
      winRate?.report.lengthControl &&
      `${tenths(winRate.report.lengthControl.rate)} (${tenthsRange(winRate.report.lengthControl)})`,
  ],
  ['prompts', ({ winRate, evaluation }) => numberOrNone(winRate?.report.prompts ?? evaluation?.prompts)],
  [
    'smallest difference',
    ({ winRate }) =>
      winRate?.report.smallestDifference === undefined ? undefined : points(winRate.report.smallestDifference),
  ],
  ['lost verdicts', ({ winRate }) => numberOrNone(winRate && lostOf(winRate.report.panel.counts))],
  ['judge', ({ winRate }) => (winRate?.judges.length ? winRate.judges.join('; ') : undefined)],
  ['mean reward', ({ evaluation }) => evaluation && plusMinus(evaluation.after.reward)],
  ['KL, nats', ({ evaluation }) => evaluation && plusMinus(quotedKl(evaluation.after))],
  ['steps', ({ records }) => numberOrNone(records.at(-1)?.step)],
  ['last loss', (run) => numberOrNone(last(run, 'loss'))],
  [
    'held-out accuracy',
    (run) => {
      const share = last(run, 'eval_rewards/accuracies');
      return share === undefined ? undefined : percent(share);
    },
  ],
  ['checks', ({ warnings }) => warnings && (warnings.length === 0 ? 'nothing found' : `${warnings.length} found`)],
];

/** The runs' main figures, with a column for each run. Figures that no run has are left out. */
export function overview(runs: readonly ReportData[]): Html {
  const rows = figures.filter(([, value]) => runs.some((run) => value(run) !== undefined));
  return html`<section><h2>Runs</h2><div class="scroll"><table class="compared"><thead><tr><td></td>${runs.map(({ title }, i) => html`<th scope="col"><span class="key ${runColour(i)}">${title}</span></th>`)}</tr></thead><tbody>${rows.map(
    ([name, value]) =>
      html`<tr><th scope="row">${name}</th>${runs.map((run) => html`<td>${value(run) ?? '–'}</td>`)}</tr>`,
  )}</tbody></table></div></section>`;
}

function numberOrNone(value: number | undefined): string | undefined {
  return value === undefined ? undefined : number(value);
}

function lostOf({
  unparsable,
  refused,
  failed,
}: Readonly<Record<'unparsable' | 'refused' | 'failed', number>>): number {
  return unparsable + refused + failed;
}

function last({ records }: ReportData, key: string): number | undefined {
  const value = records.findLast((record) => typeof record[key] === 'number')?.[key];
  return typeof value === 'number' ? value : undefined;
}
