import { isUsable, type StoredVerdict } from '../../verdicts/stored-verdict.js';
import { preferenceOf } from '../../winrate/judge-panel.js';
import type { ReportData } from '../data.js';
import { number } from '../format.js';
import { type Html, html, type Part } from '../html.js';
import type { JudgedCase, Outcome } from '../judged-case.js';
import { longText } from '../long-text.js';

/** How many pairs the page shows; the file of pairs has all. */
const MOST_PAIRS = 120;

/** The filters of the page, by the classes of the pairs' articles. */
const FILTERS: readonly (readonly [name: string, label: string, has: (pair: JudgedCase) => boolean])[] = [
  ['flipped', 'flipped', ({ flipped }) => flipped],
  ['unparsable', 'without a verdict', ({ lostVerdicts }) => lostVerdicts > 0],
  ['disputed', 'people ≠ judge', ({ disputed }) => disputed],
  ['won', 'model better', ({ outcome }) => outcome === 'model'],
  ['even', 'even', ({ outcome }) => outcome === 'tie'],
  ['lost-pair', 'baseline better', ({ outcome }) => outcome === 'baseline'],
];

/** Pairs of answers side by side, with their verdicts. The filters need no script. */
export function judgedSamples({ winRate }: ReportData): Html | undefined {
  if (winRate === undefined || winRate.cases.length === 0) return undefined;
  const { cases } = winRate;
  const pairs = pairsOnPage(cases);
  const filters = FILTERS.map(([name, label, has]) => ({ name, label, count: pairs.filter(has).length })).filter(
    ({ count }) => count > 0,
  );
  const withTexts = pairs.some(({ texts }) => texts !== undefined);
  const choice = (name: string, label: string, count: number, checked: boolean) =>
    html`<input type="radio" name="pairs" id="show-${name}"${checked && html` checked`}><label for="show-${name}">${label} <b>${number(count)}</b></label>`;
  return html`<section class="judged"><h2>Pairs</h2><p class="soft">${pairs.length < cases.length && `${number(pairs.length)} of ${number(cases.length)} pairs, those with something to look at first; all are in the file of pairs. `}${!withTexts && 'The answers themselves are not in the run’s folder. '}Flipped: the judge prefers another answer when their order is turned.</p>
${choice('all', 'all', pairs.length, true)}${filters.map(({ name, label, count }) => choice(name, label, count, false))}
<div class="cases">${pairs.map(article)}</div></section>`;
}

/** The pairs on the page: first the ones that a reader should look at, then the others in their order. */
function pairsOnPage(cases: readonly JudgedCase[]): readonly JudgedCase[] {
  if (cases.length <= MOST_PAIRS) return cases;
  const odd = ({ flipped, lostVerdicts, disputed }: JudgedCase) => Number(!(flipped || lostVerdicts > 0 || disputed));
  return [...cases].sort((a, b) => odd(a) - odd(b)).slice(0, MOST_PAIRS);
}

function article(pair: JudgedCase): Html {
  const classes = FILTERS.flatMap(([name, , has]) => (has(pair) ? [name] : [])).join(' ');
  const { texts } = pair;
  const facts = [
    `prompt ${pair.prompt}`,
    ...(pair.temperature === undefined ? [] : [`temperature ${pair.temperature}`]),
    ...(pair.sample === undefined ? [] : [`sample ${pair.sample}`]),
  ];
  return html`<article class="pair ${classes}"><header class="facts">${facts.map((fact) => html`<span>${fact}</span>`)}</header>
${texts && html`<div class="asked text" dir="auto">${longText(texts.prompt)}</div><div class="sample">${side('model', texts.model, pair)}${side('baseline', texts.baseline, pair)}</div>`}
<p class="chips">${chip(pair.outcome, verdictWord[pair.outcome])}${pair.verdicts.map(verdictChip)}${pair.people && chip(pair.people.outcome, `people: ${personWord[pair.people.outcome]}`)}</p>${replies(pair)}</article>`;
}

const verdictWord: Readonly<Record<Outcome, string>> = {
  model: 'model better',
  baseline: 'baseline better',
  tie: 'even',
  lost: 'no verdict',
};
const personWord: Readonly<Record<Outcome, string>> = { ...verdictWord, tie: 'even', lost: 'none' };

function side(name: 'model' | 'baseline', text: string, pair: JudgedCase): Html {
  const length = name === 'model' ? pair.modelLength : pair.baselineLength;
  const colour = name === 'model' ? 'after' : 'before';
  return html`<div class="side"><p class="score"><span class="key ${colour}">${name}</span><span>${number(length ?? text.length)} characters</span></p><div class="text" dir="auto">${longText(text)}</div></div>`;
}

function chip(kind: string, words: string): Html {
  return html`<span class="chip ${kind}">${words}</span>`;
}

function verdictChip(verdict: StoredVerdict): Html {
  const order = verdict.first === 'model' ? 'model first' : 'baseline first';
  const again = verdict.repetition > 0 ? `, asked again (${verdict.repetition})` : '';
  const preference = isUsable(verdict.verdict) ? preferenceOf(verdict) : 'lost';
  const words = preference === 'lost' ? verdict.verdict : preference === 'tie' ? 'even' : preference;
  const sure = verdict.p_first === undefined ? '' : `, p(first) ${number(verdict.p_first)}`;
  return chip(preference, `${order}${again}: ${words}${sure}`);
}

function replies({ verdicts }: JudgedCase): Part {
  const withWords = verdicts.filter(({ text, reason }) => (text ?? reason ?? '') !== '');
  if (withWords.length === 0) return undefined;
  return html`<details class="more"><summary>What the judge wrote</summary>${withWords.map(
    ({ first, repetition, text, reason }) =>
      html`<p class="soft">${first} first${repetition > 0 && `, asked again (${repetition})`}${reason !== undefined && `: ${reason}`}</p>${text !== undefined && html`<div class="text reply" dir="auto">${longText(text)}</div>`}`,
  )}</details>`;
}
