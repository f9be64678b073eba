import { html, type Part } from './html.js';

/** How many characters of a long text are shown at once. */
const SHOWN = 800;
/** How many more characters a text may have and still be shown whole. */
const SLACK = 300;

/** A text, of which the end is folded when the text is long. The whole text is in the page. */
export function longText(text: string): Part {
  if (text.length <= SHOWN + SLACK) return text;
  // A pair of surrogates stays whole.
  const length = /[\uD800-\uDBFF]/.test(text[SHOWN - 1] ?? '') ? SHOWN - 1 : SHOWN;
  return html`${text.slice(0, length)}<details class="rest"><summary>${`${(text.length - length).toLocaleString('en')} characters more`}</summary>${text.slice(length)}</details>`;
}
