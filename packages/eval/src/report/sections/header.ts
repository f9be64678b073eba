import type { ReportData } from '../data.js';
import { number } from '../format.js';
import { type Html, html } from '../html.js';
import { isOnPolicy } from '../on-policy.js';

/** The title, and a line on model, data and steps. */
export function header({ title, config = {}, winRate, records }: ReportData): Html {
  const [model, dataset] = [group(config.model), group(config.dataset)];
  const facts = [
    typeof model.name === 'string' && shortName(model.name),
    typeof model.parameters === 'number' &&
      `${model.parameters < 1e6 ? number(model.parameters) : `${number(model.parameters / 1e6)} M`} parameters`,
    typeof dataset.rows === 'number' && `${number(dataset.rows)} ${isOnPolicy(records) ? 'prompts' : 'pairs'}`,
    typeof config.steps === 'number' && `${number(config.steps)} steps`,
    typeof config.seed === 'number' && `seed ${config.seed}`,
    winRate !== undefined && `${number(winRate.report.prompts)} prompts judged`,
  ].filter((fact) => fact !== false);
  const training = isOnPolicy(records) ? 'Report of training by a reward' : 'Preference training report';
  const kind = winRate !== undefined && records.length === 0 ? 'Win rate report' : training;
  return html`<header><p class="eyebrow">${kind}</p><h1>${title}</h1>${facts.length > 0 && html`<p class="facts">${facts.map((fact) => html`<span>${fact}</span>`)}</p>`}</header>`;
}

/** The last part of a path; the configuration shows the whole path. Names such as `org/name` are not paths. */
function shortName(name: string): string {
  return /^([\\/~.]|\w:)/.test(name) ? (name.split(/[\\/]/).findLast((part) => part !== '') ?? name) : name;
}

function group(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
