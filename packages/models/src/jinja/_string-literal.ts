const simple: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const escapes = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g;

/**
 * The text of a string literal with Python's escapes. Unknown escapes stay as they are.
 *
 * @param inside the literal without its quotes
 * @param error makes the error of a broken escape
 */
export function unescaped(inside: string, error: (message: string) => Error): string {
  if (!inside.includes('\\')) return inside;
  return inside.replace(escapes, (whole, octal?: string, hex?: string, short?: string, long?: string, one?: string) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    const digits = hex ?? short ?? long;
    if (digits !== undefined) return codePoint(digits, error);
    const character = simple[one as string];
    if (character !== undefined) return character;
    if (one === 'x' || one === 'u' || one === 'U') throw error(`truncated \\${one} escape in a string`);
    if (one === 'N') throw error('escapes by the names of characters are not supported');
    return whole;
  });
}

function codePoint(digits: string, error: (message: string) => Error): string {
  const code = Number.parseInt(digits, 16);
  if (code > 0x10ffff) throw error('illegal Unicode character in a string');
  return String.fromCodePoint(code);
}
