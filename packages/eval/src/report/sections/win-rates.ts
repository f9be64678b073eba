import { isUsable, type StoredVerdict } from '../../verdicts/stored-verdict.js';
import { preferenceOf } from '../../winrate/judge-panel.js';
import type { WinRateReport } from '../../winrate/win-rate-report.js';
import { canShow, points } from '../../winrate/win-rate-sentence.js';
import type { ReportData } from '../data.js';
import { number, pValue, tenths, tenthsRange } from '../format.js';
import { type Html, html, type Part } from '../html.js';
import { type RateRow, rateChart } from '../rate-chart.js';
import { type ShareBar, shareBars } from '../share-bars.js';
import type { WinRateEvidence } from '../win-rate-evidence.js';

/** Win rates by temperature and by length, and the numbers behind the sentence. */
export function winRates({ winRate }: ReportData): Html | undefined {
  if (winRate === undefined) return undefined;
  const { report } = winRate;
  return html`<section><h2>Win rate</h2>
<p class="soft">A pair is scored by the mean of both orders, a tie as one half; a pair without a usable verdict has no score. ${report.raw?.method === 'wilson' ? 'The intervals are Wilson’s.' : 'The intervals come from drawing whole prompts anew.'}</p>
${tiles(report)}<div class="charts two">${rateChart('Win rate by temperature', rateRows(winRate))}${byLength(report)}</div></section>`;
}

function tiles({ raw, lengthControl, smallestDifference, signs, scored, pairs, prompts }: WinRateReport): Html {
  const tile = (name: string, value: Part, note: string) =>
    html`<div class="tile"><dt>${name}</dt><dd><b>${value}</b><span>${note}</span></dd></div>`;
  return html`<dl class="tiles">${[
    raw && tile('Win rate', tenths(raw.rate), `95 % interval ${tenthsRange(raw)}`),
    lengthControl && tile('At equal length', tenths(lengthControl.rate), `95 % interval ${tenthsRange(lengthControl)}`),
    smallestDifference !== undefined &&
      tile(
        'Smallest difference',
        canShow(smallestDifference) ? points(smallestDifference) : 'over 50 points',
        `what ${number(prompts)} prompts show in four of five experiments`,
      ),
    tile('Pairs', number(scored), `with a score, of ${number(pairs)} on ${number(prompts)} prompts`),
    tile(
      'Sign test',
      pValue(signs.pValue),
      `${number(signs.wins)} prompts for the model, ${number(signs.losses)} against, ${number(signs.ties)} even`,
    ),
  ]}</dl>`;
}

/** A row for each temperature; verdicts without a temperature have one row for all pairs. */
export function rateRows({ temperatures, cases }: WinRateEvidence): RateRow[] {
  return temperatures.map(({ temperature, report }) => ({
    name: temperature === undefined ? 'all pairs' : `temperature ${temperature}`,
    counts: preferences(cases.filter((each) => each.temperature === temperature).flatMap(({ verdicts }) => verdicts)),
    raw: report.raw,
    controlled: report.lengthControl,
    bounds: [report.bounds.worst.rate, report.bounds.best.rate],
  }));
}

function preferences(verdicts: readonly StoredVerdict[]): RateRow['counts'] {
  const counts = { model: 0, tie: 0, baseline: 0, lost: 0 };
  for (const verdict of verdicts) counts[isUsable(verdict.verdict) ? preferenceOf(verdict) : 'lost']++;
  return counts;
}

function byLength({ lengthBias, withLengths }: WinRateReport): Html | undefined {
  if (lengthBias === undefined) return undefined;
  const { bins, longerWins, ruler } = lengthBias;
  const bars: ShareBar[] = [
    ...bins.map(({ from, to, pairs, rate }) => ({
      name: `model’s answer ${ratio(from, to)} as long`,
      share: rate,
      note: `of ${number(pairs)}`,
      colour: 'after' as const,
    })),
    { name: 'the longer answer wins', share: longerWins, note: 'by the judge', colour: 'other' },
    { name: 'a ruler that picks the longer one', share: ruler, note: 'for the model', colour: 'other' },
  ];
  return shareBars(
    'Win rate by length',
    `${number(withLengths)} pairs by the ratio of their answers' lengths. Where the model wins with long answers alone, length may be what the judge likes.`,
    bars,
  );
}

function ratio(from: number, to: number): string {
  if (from === 0) return `less than ${to} times`;
  return to === Number.POSITIVE_INFINITY ? `${from} times or more` : `${from} to ${to} times`;
}
