import { isBlank } from './_text.js';

const cased = /\p{Cased}/u;

/** `title`: every run of letters begins with a capital. */
export function titled(text: string): string {
  let before = false;
  return Array.from(text, (char) => {
    const result = before ? char.toLowerCase() : char.toUpperCase();
    before = cased.test(char);
    return result;
  }).join('');
}

/** `capitalize`: a capital at the beginning, and nowhere else. */
export function capitalised(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

/** `swapcase`: small letters become capitals, capitals become small letters. */
export function swapped(text: string): string {
  return Array.from(text, (char) => {
    const upper = char.toUpperCase();
    return upper === char ? char.toLowerCase() : upper;
  }).join('');
}

function titleCase(text: string): boolean {
  let before = false;
  let any = false;
  for (const char of text) {
    const large = /[\p{Lu}\p{Lt}]/u.test(char);
    const small = /\p{Ll}/u.test(char);
    if ((large && before) || (small && !before)) return false;
    before = large || small;
    any ||= before;
  }
  return any;
}

/** `str.islower` and Python's other tests of texts, by name. */
export const textTests: Readonly<Record<string, (text: string) => boolean>> = {
  isalnum: (text) => /^[\p{L}\p{N}]+$/u.test(text),
  isalpha: (text) => /^\p{L}+$/u.test(text),
  isascii: (text) => /^[\0-\x7f]*$/.test(text),
  isdecimal: (text) => /^\p{Nd}+$/u.test(text),
  isdigit: (text) => /^[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468]+$/u.test(text),
  isidentifier: (text) => /^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(text),
  islower: (text) => /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text),
  isnumeric: (text) => /^\p{N}+$/u.test(text),
  isprintable: (text) => !/(?! )[\p{C}\p{Z}]/u.test(text),
  isspace: (text) => text !== '' && Array.from(text).every((char) => isBlank(char.charCodeAt(0))),
  istitle: titleCase,
  isupper: (text) => /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text),
};
