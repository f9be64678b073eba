import { failure } from './_jinja-error.js';
import { escapeHtml } from './_operators.js';
import { quoted, str } from './_print.js';
import { split } from './_string-search.js';
import { Dict, Markup, textOf, typeOf, Undefined, type Value } from './_values.js';
import type { Work } from './_work.js';

/** `striptags`: a text without comments and tags, with single blanks, and with characters in the place of entities. */
export function striptags(text: string, work: Work): string {
  const bare = without(without(text, '<!--', '-->'), '<', '>');
  return resolved(split(bare, [], false, work).join(' '));
}

function without(text: string, open: string, close: string): string {
  let result = '';
  let from = 0;
  for (;;) {
    const start = text.indexOf(open, from);
    const end = start < 0 ? -1 : text.indexOf(close, start);
    if (end < 0) return result + text.slice(from);
    result += text.slice(from, start);
    from = end + close.length;
  }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\xa0' };

function resolved(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return Object.hasOwn(entities, name) ? (entities[name] as string) : whole;
      const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    },
  );
}

/** `urlencode`: all but letters, digits and `_.-~` in hexadecimal. In queries, blanks become `+`; elsewhere, `/` stays. */
export function urlQuote(text: string, query: boolean): string {
  const quotedText = encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return query ? quotedText.replaceAll('%20', '+') : quotedText.replaceAll('%2F', '/');
}

/** `xmlattr`: the attributes in a dict, without those whose value is none or undefined. */
export function xmlAttributes(value: Value, space: boolean, work: Work): string {
  if (!(value instanceof Dict)) throw failure(`'${typeOf(value)}' is no mapping`);
  const parts: string[] = [];
  for (const [key, entry] of value.pairs()) {
    if (entry === null || entry instanceof Undefined) continue;
    const name = textOf(key) ?? '';
    if (/[\s/>=]/.test(name)) throw failure(`Invalid character in attribute name: ${quoted(name)}`);
    const text = entry instanceof Markup ? entry.text : escapeHtml(str(entry, work));
    parts.push(`${escapeHtml(name)}="${text}"`);
  }
  return (space && parts.length > 0 ? ' ' : '') + parts.join(' ');
}
