import { page } from '../page.js';
import { frontierChart } from './frontier-chart.js';
import type { FrontierReport } from './frontier-data.js';
import {
  equalKlTable,
  frontierAnswers,
  frontierHeader,
  frontierHover,
  frontierRecipe,
  frontierTable,
  frontierVerdict,
  hoverStyle,
} from './frontier-sections.js';
import { frontierStyle } from './frontier-style.js';

const sections = [
  ...[frontierHeader, frontierVerdict, frontierChart, frontierHover],
  ...[frontierTable, equalKlTable, frontierAnswers, frontierRecipe],
];

/**
 * A frontier as one HTML page that needs no other file. The page has no script and makes no request; its content security policy forbids
 * both.
 */
export function renderFrontier(report: FrontierReport): string {
  return page(
    'Reward against KL',
    sections.map((section) => section(report)),
    `${frontierStyle}\n${hoverStyle(report.frontier.cells.length)}`,
  );
}
