// These helpers count characters as Python does. JavaScript counts a character of two UTF-16 units twice.

const surrogate = /[\ud800-\udbff][\udc00-\udfff]/;

/** The characters of a text. */
export function characters(text: string): string[] {
  return surrogate.test(text) ? Array.from(text) : text.split('');
}

/** How many characters a text has. */
export function lengthOf(text: string): number {
  if (!surrogate.test(text)) return text.length;
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** Whether some characters take two UTF-16 units, so that Python's positions differ from JavaScript's. */
export function hasPairs(text: string): boolean {
  return surrogate.test(text);
}

/** Whether Python's `str.isspace` holds for a UTF-16 unit. No white space has two units. */
export function isBlank(code: number): boolean {
  if (code < 0x80) return (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x20);
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** `str.lstrip`: a text without blanks at its beginning, or without any of `chars`. */
export function stripStart(text: string, chars?: string): string {
  const charSet = chars === undefined ? undefined : new Set(characters(chars));
  let at = 0;
  while (at < text.length) {
    const next = charSet === undefined ? 1 : widthAt(text, at);
    if (!(charSet === undefined ? isBlank(text.charCodeAt(at)) : charSet.has(text.slice(at, at + next)))) break;
    at += next;
  }
  return text.slice(at);
}

/** `str.rstrip`: a text without blanks at its end, or without any of `chars`. */
export function stripEnd(text: string, chars?: string): string {
  const charSet = chars === undefined ? undefined : new Set(characters(chars));
  let end = text.length;
  while (end > 0) {
    const width = charSet === undefined ? 1 : widthBefore(text, end);
    if (!(charSet === undefined ? isBlank(text.charCodeAt(end - 1)) : charSet.has(text.slice(end - width, end)))) break;
    end -= width;
  }
  return text.slice(0, end);
}

/** `str.strip`. */
export function strip(text: string, chars?: string): string {
  return stripEnd(stripStart(text, chars), chars);
}

function widthAt(text: string, at: number): number {
  return surrogate.test(text.slice(at, at + 2)) ? 2 : 1;
}

function widthBefore(text: string, end: number): number {
  return end > 1 && surrogate.test(text.slice(end - 2, end)) ? 2 : 1;
}

const lineBreak = '\\r\\n|[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029]';

/** `str.splitlines`: a text cut at every line break of Unicode. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  const breaks = new RegExp(lineBreak, 'g');
  let from = 0;
  for (let match = breaks.exec(text); match !== null; match = breaks.exec(text)) {
    lines.push(text.slice(from, keepEnds ? breaks.lastIndex : match.index));
    from = breaks.lastIndex;
  }
  if (from < text.length) lines.push(text.slice(from));
  return lines;
}

/** The order of texts by code points, as in Python. JavaScript orders by UTF-16 units. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  if (!hasPairs(a) && !hasPairs(b)) return a < b ? -1 : 1;
  const left = characters(a);
  const right = characters(b);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
