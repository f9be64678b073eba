import { html, type Part } from './html.js';

/** Characters that are shown at once, and how many more a text may have before its rest is folded. */
const SHOWN = 800;
const SLACK = 300;

/** A text whose end opens on request where it is long. All of it is in the page. */
export function longText(text: string): Part {
  if (text.length <= SHOWN + SLACK) return text;
  // A pair of surrogates stays whole.
  const cut = /[\uD800-\uDBFF]/.test(text[SHOWN - 1] ?? '') ? SHOWN - 1 : SHOWN;
  return html`${text.slice(0, cut)}<details class="rest"><summary>${`${(text.length - cut).toLocaleString('en')} characters more`}</summary>${text.slice(cut)}</details>`;
}
