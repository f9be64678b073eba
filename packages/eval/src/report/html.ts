/** A text that is HTML already, and is not escaped. */
export class Html {
  constructor(readonly text: string) {}
}

/** A value of a template; undefined and false are left out. */
export type Part = string | number | Html | undefined | false | readonly Part[];

/** A template whose values are escaped, but for {@link Html}. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(strings.reduce((text, piece, i) => text + piece + (i < values.length ? render(values[i]) : ''), ''));
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(render).join('');
  return escapeText(String(part));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Makes a text safe between tags and in quoted attributes. Control characters, which HTML does not allow, and lone
 * surrogates become U+FFFD.
 */
export function escapeText(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => entities[character] as string)
    .replace(/(?![\t\n\r])[\p{Cc}\p{Cs}]/gu, '\ufffd');
}
