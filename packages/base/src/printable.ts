/**
 * Characters that a terminal obeys instead of printing: control characters of both sets except line ends and tabs, and marks that
 * turn the direction of text.
 */
const CONTROL = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A text whose control characters are written out as in JSON: `\u001b`. */
export function visible(text: string): string {
  return text.replace(CONTROL, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * A text of at most about `limit` UTF-16 units. A longer text keeps its beginning (three quarters of the limit) and its end (a
 * quarter), with the number of missing characters between them.
 */
export function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = withWholeEnds(text.slice(0, Math.ceil(limit * 0.75)));
  const tail = withWholeEnds(text.slice(text.length - Math.floor(limit * 0.25)));
  return `${head} … (${text.length - head.length - tail.length} characters left out) … ${tail}`;
}

/** The text without half of a surrogate pair at either end. */
function withWholeEnds(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '');
}

/** A value of a file for a message: JSON on one line, cut to about `limit` characters, with control characters written out. */
export function quoted(value: unknown, limit = 80): string {
  return shortened(visible(JSON.stringify(value) ?? String(value)), limit);
}

/** Limits for values in plain JSON: the length of a text, the entries of a list or an object, and the depth. */
const MAX_TEXT_LENGTH = 2000;
const MAX_ENTRIES = 100;
const MAX_DEPTH = 20;

/** {@link shortened} for all texts in plain JSON. Long lists and objects end with the number of missing entries. */
export function shortenedDeep(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return shortened(value, MAX_TEXT_LENGTH);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return '…';
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ENTRIES).map((item) => shortenedDeep(item, depth + 1));
    return value.length > MAX_ENTRIES ? [...items, `… ${value.length - MAX_ENTRIES} more`] : items;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const entries = Object.entries(value);
  const shortEntries = entries
    .slice(0, MAX_ENTRIES)
    .map(([key, item]) => [shortened(key, 200), shortenedDeep(item, depth + 1)]);
  if (entries.length > MAX_ENTRIES) shortEntries.push(['…', `${entries.length - MAX_ENTRIES} more`]);
  return Object.fromEntries(shortEntries);
}
