/**
 * What a terminal obeys instead of showing: control characters of both sets but line ends and tabs, and marks that turn the
 * direction of text, so that it reads as something else.
 */
const CONTROL = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A text with every character that a terminal would obey written out as JSON writes it: `\u001b`. */
export function visible(text: string): string {
  return text.replace(CONTROL, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * A text of at most about `limit` UTF-16 units. Of a longer one beginning and end are kept, three quarters and a quarter, and
 * between them it says how many characters are left out.
 */
export function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = whole(text.slice(0, Math.ceil(limit * 0.75)));
  const tail = whole(text.slice(text.length - Math.floor(limit * 0.25)));
  return `${head} … (${text.length - head.length - tail.length} characters left out) … ${tail}`;
}

/** Without half of a surrogate pair at either end. */
function whole(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '');
}

/** A value out of a file as a message names it: JSON on one line, cut to about `limit` characters, nothing a terminal obeys. */
export function quoted(value: unknown, limit = 80): string {
  return shortened(visible(JSON.stringify(value) ?? String(value)), limit);
}

/** Texts in plain JSON are cut to this length, lists to so many entries. */
const LONGEST_TEXT = 2000;
const LONGEST_LIST = 100;
const DEEPEST = 20;

/** {@link shortened} for all texts in plain JSON; of long lists and objects the beginning, and how many more there are. */
export function shortenedDeep(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return shortened(value, LONGEST_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '…';
  if (Array.isArray(value)) {
    const items = value.slice(0, LONGEST_LIST).map((item) => shortenedDeep(item, depth + 1));
    return value.length > LONGEST_LIST ? [...items, `… ${value.length - LONGEST_LIST} more`] : items;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const entries = Object.entries(value);
  const shownEntries = entries
    .slice(0, LONGEST_LIST)
    .map(([key, item]) => [shortened(key, 200), shortenedDeep(item, depth + 1)]);
  if (entries.length > LONGEST_LIST) shownEntries.push(['…', `${entries.length - LONGEST_LIST} more`]);
  return Object.fromEntries(shownEntries);
}
