import type { ReportData } from './data.js';
import { page } from './page.js';
import { checks } from './sections/checks.js';
import { configuration } from './sections/configuration.js';
import { curves } from './sections/curves.js';
import { evidence } from './sections/evidence.js';
import { header } from './sections/header.js';
import { judge } from './sections/judge.js';
import { judgedSamples } from './sections/judged-samples.js';
import { reading } from './sections/reading.js';
import { samples } from './sections/samples.js';
import { textForm } from './sections/text-form.js';
import { tiles } from './sections/tiles.js';
import { verdict } from './sections/verdict.js';
import { winRateVerdict } from './sections/win-rate-verdict.js';
import { winRates } from './sections/win-rates.js';
import { wordTable } from './sections/word-table.js';

const sections = [
  ...[header, winRateVerdict, verdict, tiles],
  ...[winRates, judge, evidence, judgedSamples, samples, textForm, wordTable],
  ...[curves, checks, configuration, reading],
];

/**
 * The report of a run as one self-contained HTML page, without a script or a request. Parts that the data lack are left out. A live
 * page can call this function with the data so far, since no module of Node is needed.
 */
export function renderReport(data: ReportData): string {
  return page(
    data.title,
    sections.map((section) => section(data)),
  );
}
