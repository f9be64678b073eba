import type { ReportData } from '../data.js';
import { number } from '../format.js';
import { type Html, html } from '../html.js';

/** The warnings about the data and the training. */
export function checks({ warnings, records }: ReportData): Html | undefined {
  if (warnings === undefined || (warnings.length === 0 && records.length === 0)) return undefined;
  const list =
    warnings.length === 0
      ? html`<p class="soft">Nothing was found wrong with rows, answers and the course of the training.</p>`
      : html`<ul class="checks">${warnings.map(({ code, message, step, hint }) => html`<li><code>${code}</code> ${message}${step !== undefined && step > 0 && html` <span class="soft">at step ${number(step)}</span>`}${hint !== undefined && html`<br><span class="soft">${hint}</span>`}</li>`)}</ul>`;
  return html`<section><h2>Checks</h2>${list}</section>`;
}
