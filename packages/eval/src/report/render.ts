import type { ReportData } from './data.js';
import { Html, html } from './html.js';
import { configuration, curves, evidence, samples, tiles, verdict, words } from './sections.js';
import { style } from './style.js';

/**
 * The report of a run as one HTML page that needs nothing else: no script, no request. What the data lack is left out.
 */
export function renderReport(data: ReportData): string {
  const sections = [evidence, samples, words, curves, configuration].map((section) => section(data));
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${data.title}</title><style>${new Html(style)}</style></head>
<body><main><h1>${data.title}</h1>${verdict(data)}${tiles(data)}${sections}</main></body></html>
`.text;
}
