import type { BesideJudge } from '../../human/beside-judge.js';
import type { ReportData } from '../data.js';
import { number, tenths, tenthsRange } from '../format.js';
import { type Html, html, type Part } from '../html.js';

/** The figures that say how far the judge can be relied upon. */
export function judge({ winRate }: ReportData): Html | undefined {
  if (winRate === undefined) return undefined;
  const { panel } = winRate.report;
  const { counts } = panel;
  const verdicts = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const rows: Part[] = [
    html`<tr><th scope="row">Judge</th><td colspan="2"><b>${winRate.judges.length === 0 ? 'not named in the verdicts' : winRate.judges.join('; ')}</b></td></tr>`,
    row('Consistency', share(panel.consistency), 'say the same of both answers in both orders'),
    row(
      'First position',
      share(panel.firstPositionRate),
      `of the decided verdicts go to the answer seen first; an even judge has 50 %${leans(panel.firstPositionRate)}`,
    ),
    row(
      'Repetition',
      share(panel.repetitionAgreement),
      `of ${number(panel.repetitions)} repeated verdicts say the same`,
    ),
    row(
      'Verdicts',
      number(verdicts),
      `${number(counts.first)} first, ${number(counts.second)} second, ${number(counts.tie)} ties; ${number(counts.unparsable)} unparsable, ${number(counts.refused)} refused, ${number(counts.failed)} failed`,
    ),
    winRate.cost !== undefined && row('Cost', number(winRate.cost), 'in the currency of the price table'),
    winRate.tokens !== undefined && row('Tokens', number(winRate.tokens), 'read and written by the judge'),
    ...besidePeople(winRate.people),
  ];
  return html`<section><h2>The judge</h2><div class="scroll"><table class="panel"><tbody>${rows}</tbody></table></div></section>`;
}

function row(name: string, value: string, note: string): Html {
  return html`<tr><th scope="row">${name}</th><td><b>${value}</b></td><td>${note}</td></tr>`;
}

function share(value: number | undefined): string {
  return value === undefined ? '–' : tenths(value);
}

function leans(rate: number | undefined): string {
  if (rate === undefined || Math.abs(rate - 0.5) < 0.1) return '';
  return rate > 0.5 ? ', this one leans to the first' : ', this one leans to the second';
}

function besidePeople(people: BesideJudge | undefined): Part[] {
  if (people === undefined) return [];
  const { agreement, kappa } = people.agreement;
  const raters = people.raters.length === 1 ? 'one rater prefers' : `${number(people.raters.length)} raters prefer`;
  return [
    row('People', tenths(agreement), `of the votes on ${number(people.pairs)} pairs: ${raters} what the judge prefers`),
    row(
      'Cohen’s κ',
      Number.isNaN(kappa) ? '–' : kappa.toFixed(2),
      'agreement beyond chance, a tie being a label; 1 is full',
    ),
    people.alpha !== undefined &&
      row('Krippendorff’s α', Number.isNaN(people.alpha) ? '–' : people.alpha.toFixed(2), 'agreement among the raters'),
    row(
      'People’s rate',
      tenths(people.people.rate),
      `95 % interval ${tenthsRange(people.people)}, on the pairs that they judged; the judge’s there is ${tenths(people.judge.rate)}`,
    ),
    people.corrected &&
      row(
        'Corrected rate',
        tenths(people.corrected.mean),
        `95 % interval ${tenthsRange(people.corrected)}: the judge’s rate with people’s votes (prediction-powered)`,
      ),
  ];
}
