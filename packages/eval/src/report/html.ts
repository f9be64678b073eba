/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = string | number | Html | undefined | false | readonly Part[];

/** A template whose values are escaped, but for those that are HTML already. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(strings.reduce((text, piece, i) => text + piece + (i < values.length ? render(values[i]) : ''), ''));
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(render).join('');
  return escapeText(String(part));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Makes a text safe between tags and in quoted attributes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}

/** A number for people: four significant digits at most, exponents only where they are shorter. */
export function number(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1).replace('-', '−').replace('e+', 'e');
  const text = size >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
  return text.replace('-', '−');
}

/** `mean ± standard error`. */
export function plusMinus({ mean, standardError }: { readonly mean: number; readonly standardError: number }): string {
  const digits = standardError > 0 && standardError < 1 ? 3 : 2;
  return `${mean.toFixed(digits).replace('-', '−')} ± ${standardError.toFixed(digits)}`;
}
