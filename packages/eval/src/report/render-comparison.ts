import { curves, measures } from './comparison/charts.js';
import { headline } from './comparison/headline.js';
import { overview } from './comparison/overview.js';
import { settings } from './comparison/settings.js';
import type { ReportData } from './data.js';
import { number } from './format.js';
import { html } from './html.js';
import { page } from './page.js';

/**
 * Several runs on one self-contained HTML page: which run is better, their figures, win rates and curves, and the settings in which
 * they differ. Judged runs are compared prompt by prompt with the first of them. Parts that no run has are left out.
 */
export function renderComparison(runs: readonly ReportData[]): string {
  const title = `Comparison of ${number(runs.length)} runs`;
  return page(title, [
    html`<header><p class="eyebrow">Comparison</p><h1>${title}</h1><p class="facts">${runs.map(({ title: name }) => html`<span>${name}</span>`)}</p></header>`,
    ...[headline, overview, measures, curves, settings].map((section) => section(runs)),
  ]);
}
