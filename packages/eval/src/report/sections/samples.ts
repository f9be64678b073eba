import type { Evaluation, EvaluationSample } from '../../evaluation-file.js';
import { wordPattern } from '../../words.js';
import type { ReportData } from '../data.js';
import { number } from '../format.js';
import { type Html, html, type Part } from '../html.js';

/** How many prompts are shown at once; the others open on request. */
const SHOWN = 6;

/** Texts before and after, side by side. */
export function samples({ evaluation }: ReportData): Html | undefined {
  if (evaluation === undefined || evaluation.samples.length === 0) return undefined;
  const { texts, counts } = evaluation.words;
  const grownWords = counts.filter(
    ({ before, after }) => after / texts.after >= (2 * before) / texts.before && after > before,
  );
  const watched = wordPattern(grownWords.map(({ word }) => word));
  const cards = evaluation.samples.map((row) => card(row, watched));
  const rest = cards.slice(SHOWN);
  return html`<section><h2>Samples</h2><p class="soft">One text to a prompt, before and after, with its reward.${watched && ' Words below whose share at least doubled are marked.'}</p>
${cards.slice(0, SHOWN)}${rest.length > 0 && html`<details class="more"><summary>${`${rest.length} more`}</summary>${rest}</details>`}</section>`;
}

function card({ before, after }: Evaluation['samples'][number], watched: RegExp | undefined): Html {
  const side = (name: 'before' | 'after', { prompt, text, reward }: EvaluationSample) =>
    html`<div class="side"><p class="score"><span class="key ${name}">${name}</span><span class="reward ${sign(reward)}">${number(reward)}</span></p><p class="text" dir="auto"><span class="opening">${prompt}</span>${marked(text, watched)}</p></div>`;
  return html`<article class="sample">${side('before', before)}${side('after', after)}</article>`;
}

function sign(reward: number): string {
  return reward > 0 ? 'positive' : reward < 0 ? 'negative' : 'neutral';
}

function marked(text: string, pattern: RegExp | undefined): Part {
  if (pattern === undefined) return text;
  const parts: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    parts.push(text.slice(from, match.index), html`<mark>${match[0]}</mark>`);
    from = match.index + match[0].length;
  }
  return [...parts, text.slice(from)];
}
