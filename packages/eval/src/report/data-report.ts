import { type PreferencePair, plainText, type Text, type Validation } from '@dpo/data';
import { number, percent } from './format.js';
import { type Html, html, type Part } from './html.js';
import { page } from './page.js';

/** The content of a page about a dataset. */
export interface DataReport {
  readonly title: string;
  readonly validation: Validation;
  /** The pair of a row, by its number. */
  readonly pair: (row: number) => PreferencePair;
  /** The messages of rows that were left out when the data were read. */
  readonly skipped?: readonly string[] | undefined;
}

/** How many rows of a finding the page shows. */
const ROWS = 3;
/** How many characters of each text. */
const CHARACTERS = 600;

/** The findings of `validateDataset` as an HTML page in the style of a run's report: no script, no request. */
export function renderDataReport(data: DataReport): string {
  const sections = [header, verdict, tiles, lengths, findings, skipped];
  return page(
    data.title,
    sections.map((section) => section(data)),
  );
}

function header({ title, validation }: DataReport): Html {
  const { rows, prompts } = validation;
  return html`<header><p class="eyebrow">Preference data</p><h1>${title}</h1>
<p class="facts"><span>${number(rows)} pairs</span><span>${number(prompts)} prompts</span></p></header>`;
}

function verdict({ validation: { errors, warnings } }: DataReport): Html {
  const [kind, headline, rest] =
    errors > 0
      ? ([
          'bad',
          'Not fit for training as it is.',
          'Errors spoil training: mend or leave out the rows they name.',
        ] as const)
      : warnings > 0
        ? (['', 'Fit for training, with something to look at.', 'Warnings may be as you want them.'] as const)
        : (['good', 'Nothing is wrong.', 'Every check passed.'] as const);
  const counts = `${number(errors)} kind${errors === 1 ? '' : 's'} of errors, ${number(warnings)} of warnings.`;
  return html`<div class="verdict ${kind}"><p class="headline">${headline}</p><p>${counts} ${rest}</p></div>`;
}

function tiles({ validation }: DataReport): Html {
  const { chosenLonger, scoreMargins, sharedPrompts, prompts, rows } = validation;
  const tile = (name: string, value: Part, note: string) =>
    html`<div class="tile"><dt>${name}</dt><dd><b>${value}</b><span>${note}</span></dd></div>`;
  const { share, low, high, of } = chosenLonger;
  return html`<dl class="tiles">${[
    tile('Pairs to a prompt', number(rows / Math.max(1, prompts)), `${number(rows)} pairs, ${number(prompts)} prompts`),
    of > 0 &&
      tile(
        'Chosen answer longer',
        percent(share),
        `95 % interval ${percent(low)} to ${percent(high)}, ${number(of)} pairs of unequal length`,
      ),
    scoreMargins !== undefined &&
      tile(
        'Score margin',
        number(scoreMargins.p50),
        `median of ${number(scoreMargins.rows)}; lowest ${number(scoreMargins.min)}, highest ${number(scoreMargins.max)}`,
      ),
    sharedPrompts !== undefined &&
      tile('Prompts in the test set', number(sharedPrompts.prompts), `of its ${number(sharedPrompts.of)}`),
  ]}</dl>`;
}

function lengths({ validation }: DataReport): Html {
  const names = { prompt: 'Prompt', chosen: 'Chosen answer', rejected: 'Rejected answer' } as const;
  const rows = (['prompt', 'chosen', 'rejected'] as const).map((part) => {
    const { min, p50, p90, p99, max, mean } = validation.lengths[part];
    return html`<tr><th scope="row">${names[part]}</th>${[min, p50, p90, p99, max, mean].map((value) => html`<td>${number(value)}</td>`)}</tr>`;
  });
  const head = ['', 'shortest', 'median', '90 %', '99 %', 'longest', 'mean'];
  return html`<section><h2>Lengths</h2><p class="soft">In ${validation.unit}.</p><div class="scroll"><table><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

function findings({ validation, pair }: DataReport): Html | undefined {
  if (validation.findings.length === 0) return undefined;
  return html`<section><h2>What was found</h2>${validation.findings.map(({ code, level, message, count, rows }) => {
    const first = rows.slice(0, 10).join(', ');
    const numbers = rows.length === 0 ? '' : count > 10 ? `, the first: ${first}, …` : `: ${first}`;
    return html`<div class="verdict ${level === 'error' && 'bad'}"><p class="headline">${message}</p><p>${level} <code>${code}</code>, ${number(count)} row${count !== 1 && 's'}${numbers}</p></div>
${rows.slice(0, ROWS).map((row) => example(row, pair(row)))}`;
  })}</section>`;
}

function example(row: number, { prompt, chosen, rejected }: PreferencePair): Html {
  const side = (name: string, text: Text) =>
    html`<div class="side"><p class="score"><span>${name}</span></p><p class="text">${shortened(text)}</p></div>`;
  return html`<details class="more"><summary>Row ${row}</summary><p class="text opening">${shortened(prompt)}</p><div class="sample">${side('chosen', chosen)}${side('rejected', rejected)}</div></details>`;
}

function shortened(text: Text): string {
  const plain = plainText(text);
  return plain.length > CHARACTERS ? `${plain.slice(0, CHARACTERS)} …` : plain;
}

function skipped({ skipped: messages = [] }: DataReport): Html | undefined {
  if (messages.length === 0) return undefined;
  const most = 50;
  return html`<section><h2>Rows left out</h2><p class="soft">${number(messages.length)} could not be read.</p><ul>${messages.slice(0, most).map((message) => html`<li class="text">${message}</li>`)}${messages.length > most && html`<li>… and ${number(messages.length - most)} more</li>`}</ul></section>`;
}
