import type { ReportData } from '../data.js';
import { number, percent } from '../format.js';
import { type Html, html } from '../html.js';

/** How many texts hold the words that the model may be overusing, before and after. */
export function wordTable({ evaluation }: ReportData): Html | undefined {
  if (evaluation === undefined || evaluation.words.counts.length === 0) return undefined;
  const { texts, counts } = evaluation.words;
  const rows = [...new Map(counts.map((each) => [each.word, each])).values()];
  const cell = (side: 'before' | 'after', count: number, of: number) =>
    html`<td><span class="count">${number(count)}<small>${percent(count / of)}</small></span><span class="track"><span class="fill ${side}" style="width:${Math.max(0, Math.min(100, Math.round((1000 * count) / of) / 10 || 0))}%"></span></span></td>`;
  return html`<section><h2>Words to watch</h2><p class="soft">A reward that reads words invites repeating those that pay best. Texts that hold each word at least once, of ${number(texts.before)} before and ${number(texts.after)} after:</p>
<div class="scroll"><table class="words"><thead><tr><th scope="col">word</th><th scope="col">before</th><th scope="col">after</th></tr></thead>
<tbody>${rows.map(({ word, before, after }) => html`<tr><th scope="row">${word}</th>${cell('before', before, texts.before)}${cell('after', after, texts.after)}</tr>`)}</tbody></table></div></section>`;
}
