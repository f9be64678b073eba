import type { FrontierCell } from '../../frontier/frontier.js';
import type { FrontierBudget, FrontierPoint, FrontierSample } from '../../frontier/frontier-point.js';
import { cellName, frontierSentences } from '../../frontier/frontier-sentences.js';
import { number, percent, plusMinus } from '../format.js';
import { type Html, html } from '../html.js';
import { placeOf } from './frontier-chart.js';
import type { FrontierReport } from './frontier-data.js';

/** The heading with the main facts, and a warning when the frontier is not finished. */
export function frontierHeader({ frontier, prompts, recipe, complete }: FrontierReport): Html {
  const { seeds, cells, points } = frontier;
  const facts = [
    `${number(cells.length)} points of ${number(points.length)} measurements`,
    `${number(seeds.length)} ${seeds.length === 1 ? 'seed' : 'seeds'}`,
    `${number(prompts.length)} held-out prompts`,
    `reward: ${String(recipe.reward)}`,
  ];
  return html`<header><p class="eyebrow">Frontier</p><h1>Reward against KL</h1><p class="facts">${facts.map((fact) => html`<span>${fact}</span>`)}</p></header>${!complete && html`<div class="verdict bad"><p class="headline">This frontier is not finished.</p><p>The same command goes on. This page has the points so far.</p></div>`}`;
}

/** The results in sentences, from {@link frontierSentences}. */
export function frontierVerdict({ frontier }: FrontierReport): Html {
  const [first = '', ...more] = frontierSentences(frontier);
  return html`<div class="verdict"><p class="headline">${first}</p>${more.map((line) => html`<p>${line}</p>`)}</div>`;
}

/** The box below the figure, which has the first answers of a mark while the pointer or the focus is on the mark. */
export function frontierHover({ frontier, prompts }: FrontierReport): Html {
  const { cells } = frontier;
  return html`<div class="peek"><p class="soft hint">Point at a mark to read its answers; click the mark to read more.</p>${cells.map(
    (cell, i) =>
      html`<div class="peek-${i}"><p><b>${cellName(cell)}</b> <span class="soft">${placeOf(cell)}</span></p>${(cell.points[0]?.answers ?? []).slice(0, 3).map((sample) => answer(sample, prompts))}</div>`,
  )}</div>`;
}

/** The CSS rules by which {@link frontierHover} has one point at a time. */
export function hoverStyle(count: number): string {
  return Array.from(
    { length: count },
    (_, i) =>
      `main:has(#mark-${i}:hover) .peek-${i},main:has(#mark-${i}:focus-visible):not(:has(.mark-link:hover)) .peek-${i}{display:block}main:has(#mark-${i}:hover,#mark-${i}:focus-visible) .hint{display:none}`,
  ).join('');
}

/** The table of all points with their figures. */
export function frontierTable({ frontier }: FrontierReport): Html {
  const head = [
    ...['point', 'reward', 'KL, nats', 'learned reward', 'undominated', 'tokens', 'ended', 'distinct-2', 'self-BLEU'],
    ...['answers drawn', 'reward calls', 'tokens trained', 'seconds'],
  ];
  return html`<section><h2>All points</h2><p class="soft">Means over ${number(frontier.seeds.length)} ${frontier.seeds.length === 1 ? 'seed' : 'seeds'}, ± standard errors from new draws of the prompts${frontier.seeds.length === 1 ? '' : ' and the seeds'}. KL is exact, over the whole vocabulary at each token; the KL of Best of N is a bound. Undominated: the share of draws in which no other policy has as much reward at as little KL. Answers, calls, tokens and seconds are the cost of one seed, up to the point.</p>
<div class="scroll"><table class="compared points"><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${frontier.cells.map(
    (cell, i) =>
      html`<tr><th scope="row"><a href="#point-${i}">${cellName(cell)}</a></th>${cellsOfRow(cell).map((value) => html`<td>${value}</td>`)}</tr>`,
  )}</tbody></table></div></section>`;
}

function cellsOfRow(cell: FrontierCell): string[] {
  const meanOf = (figureOf: (point: FrontierPoint) => number | null | undefined) => {
    const values = cell.points.map(figureOf);
    const numbers = values.filter((value) => typeof value === 'number');
    return numbers.length < values.length || numbers.length === 0
      ? undefined
      : numbers.reduce((sum, value) => sum + value / numbers.length, 0);
  };
  const budget = (key: keyof FrontierBudget) => number(Math.round(meanOf((point) => point.budget[key]) ?? 0));
  const endedShare = meanOf(({ texts }) => texts?.ended.mean);
  const bound = cell.kind === 'best-of-n';
  return [
    plusMinus({ mean: cell.reward, standardError: cell.rewardError }),
    bound ? `≤ ${number(cell.kl)}` : plusMinus({ mean: cell.kl, standardError: cell.klError }),
    number(meanOf(({ learnedReward }) => learnedReward?.mean)),
    bound ? '–' : percent(cell.undominated),
    number(meanOf(({ texts }) => texts?.length.mean)),
    endedShare === undefined ? '–' : percent(endedShare),
    number(meanOf(({ texts }) => texts?.distinct[1])),
    number(meanOf(({ texts }) => texts?.selfBleu)),
    ...(cell.kind === 'trained'
      ? (['samples', 'rewardCalls', 'tokens', 'seconds'] as const).map(budget)
      : ['–', '–', '–', '–']),
  ];
}

/** The table of methods compared at equal KL; undefined when no two methods could be compared. */
export function equalKlTable({ frontier }: FrontierReport): Html | undefined {
  const { equalKl } = frontier;
  if (equalKl.length === 0) return undefined;
  return html`<section><h2>At equal KL</h2><p class="soft">The rewards of two methods at the same KL. Both methods have points on either side of the KL, and each reward lies on the straight line between the two nearest undominated points of its method. Intervals hold 95 % of ${number(frontier.draws)} draws. The undominated points were chosen on the same answers, which favours methods with many points a little.</p>
<div class="scroll"><table class="compared"><thead><tr><th scope="col">KL, nats</th><th scope="col">methods</th><th scope="col">rewards</th><th scope="col">difference</th><th scope="col">95 % interval</th></tr></thead><tbody>${equalKl.map(
    (each) =>
      html`<tr><td>${number(each.kl)}</td><td>${each.method} − ${each.other}</td><td>${number(each.reward)} and ${number(each.otherReward)}</td><td>${clear(each) ? html`<b>${number(each.difference)}</b>` : number(each.difference)}</td><td>${number(each.low)} to ${number(each.high)}</td></tr>`,
  )}</tbody></table></div></section>`;
}

function clear({ low, high }: { readonly low: number; readonly high: number }): boolean {
  return low > 0 || high < 0;
}

/** The first answers of every point, to the first held-out prompts. */
export function frontierAnswers({ frontier, prompts }: FrontierReport): Html {
  return html`<section><h2>Answers</h2><p class="soft">The first answers to the first prompts, not chosen by reward.</p>${frontier.cells.map(
    (cell, i) =>
      html`<details class="answers"><summary>${cellName(cell)} <span class="soft">${placeOf(cell)}</span></summary><div id="point-${i}">${(cell.points[0]?.answers ?? []).map((sample) => answer(sample, prompts))}<p class="soft"><a href="#mark-${i}">back to the figure</a></p></div></details>`,
  )}</section>`;
}

function answer({ prompt, text, reward, learned: learnedReward }: FrontierSample, prompts: readonly string[]): Html {
  const kind = reward > 0 ? 'positive' : reward < 0 ? 'negative' : '';
  return html`<div class="drawn"><div class="score"><span>true reward <span class="reward ${kind}">${number(reward)}</span></span>${learnedReward !== undefined && html`<span>learned ${number(learnedReward)}</span>`}</div><p class="text"><span class="opening">${(prompts[prompt] ?? '').trimStart()}</span>${text}</p></div>`;
}

/** The recipe of the frontier, with the numbers of its prompts in place of their texts. */
export function frontierRecipe({ recipe }: FrontierReport): Html {
  const { prompts, heldOutPrompts, ...others } = recipe;
  const settings = { ...others, prompts: count(prompts), heldOutPrompts: count(heldOutPrompts) };
  return html`<section><h2>Recipe</h2><details><summary>All settings; recipe.json beside this page has the prompts as well</summary><pre class="command">${JSON.stringify(settings, null, 2)}</pre></details></section>`;
}

function count(list: unknown): string {
  return Array.isArray(list) ? `${list.length} texts` : String(list);
}
