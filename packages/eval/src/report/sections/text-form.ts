import type { MeasuredPolicy } from '../../evaluation.js';
import type { TextStatistics } from '../../texts/text-statistics.js';
import type { ReportData } from '../data.js';
import { number, percent, plusMinus } from '../format.js';
import { type Html, html } from '../html.js';

type Row = readonly [name: string, value: (texts: TextStatistics) => string, note: string];

const rows: readonly Row[] = [
  ['Length', ({ length }) => plusMinus(length), 'tokens of a text'],
  ['Ended', ({ ended }) => percent(ended.mean), 'of the texts were ended by the model; the others were cut'],
  ...[1, 2, 3, 4].map((n): Row => [`Distinct-${n}`, ({ distinct }) => share(distinct[n - 1]), '']),
  ['Self-BLEU', ({ selfBleu }) => share(selfBleu), 'how much the texts repeat one another; lower is more diverse'],
  ['Repeated 4-grams', ({ repeatedFourGrams }) => share(repeatedFourGrams), 'stood in the same text before'],
];

/** The length and diversity of the texts, and the KL by both estimates. */
export function textForm({ evaluation }: ReportData): Html | undefined {
  const { before, after } = evaluation ?? {};
  if (before?.texts === undefined || after?.texts === undefined) return undefined;
  const [then, now] = [before.texts, after.texts];
  const lines = rows.map(([name, value, note]) => line(name, value(then), value(now), note));
  return html`<section><h2>Form of the texts</h2><p class="soft">A policy that earns its reward by saying the same again becomes less diverse. Distinct-n: the share of n-grams that differ, among ${number(now.distinctTokens)} tokens on both sides.</p>
<div class="scroll"><table class="compared"><thead><tr><td></td><th scope="col"><span class="key before">before</span></th><th scope="col"><span class="key after">after</span></th><td></td></tr></thead><tbody>${lines}${kls(before, after)}</tbody></table></div></section>`;
}

function kls(before: MeasuredPolicy, after: MeasuredPolicy): Html | undefined {
  if (after.exactKl === undefined) return undefined;
  return html`${line('KL, exact at each token', before.exactKl ? plusMinus(before.exactKl) : '–', plusMinus(after.exactKl), 'nats: over the whole vocabulary')}${line('KL, by the tokens drawn', plusMinus(before.kl), plusMinus(after.kl), 'nats: a check, with more noise')}`;
}

function line(name: string, before: string, after: string, note: string): Html {
  return html`<tr><th scope="row">${name}</th><td>${before}</td><td>${after}</td><td class="soft">${note}</td></tr>`;
}

function share(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toFixed(3);
}
