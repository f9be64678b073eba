import { isObject } from '@dpo/base';
import { bertNormalizer } from './bert-normalizer.js';
import { bytesAsCharacters, lowercase } from './characters.js';
import { compilePattern, type Pattern } from './pattern.js';
import { precompiledNormalizer } from './precompiled.js';

/** Rewrites a text before words are cut out. A text that continues another text keeps its beginning. */
export type Normalizer = (text: string, continuing: boolean) => string;

type Part = Readonly<Record<string, unknown>>;
type Make = (part: Part, patterns: Pattern[]) => Normalizer;

/** `normalizer` parts of tokenizer.json by type, as in Hugging Face's tokenizers (`normalizers/*.rs`). */
const makers: Readonly<Record<string, Make>> = {
  BertNormalizer: bertNormalizer,
  ByteLevel: () => (text) => bytesAsCharacters(text),
  Lowercase: () => (text) => lowercase(text),
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  Nmt: () => (text) => text.replace(ignored, '').replace(spaces, ' '),
  Precompiled: precompiledNormalizer,
  Prepend: (part) => (text, continuing) => (text === '' || continuing ? text : `${part.prepend}${text}`),
  Replace(part, patterns) {
    const pattern = compilePattern(part.pattern);
    patterns.push(pattern);
    const content = String(part.content ?? '');
    return (text) => text.replace(pattern.regex, () => content);
  },
  Sequence(part, patterns) {
    const each = (part.normalizers as unknown[]).map((inner) => normalizerOf(inner, patterns));
    return (text, continuing) => each.reduce((result, normalize) => normalize(result, continuing), text);
  },
  Strip: (part) => (text, continuing) => {
    const leftStripped = part.strip_left === true && !continuing ? text.replace(/^\p{White_Space}+/u, '') : text;
    return part.strip_right === true ? trimRight(leftStripped) : leftStripped;
  },
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ''),
};

/** A regular expression for characters of these ranges. */
const among = (...ranges: readonly string[]): RegExp => new RegExp(`[${ranges.join('')}]`, 'g');
/** The characters that `Nmt` removes, and those that it turns into spaces. */
const ignored = among('\\u0001-\\u0008', '\\u000B', '\\u000E-\\u001F', '\\u007F', '\\u008F', '\\u009F');
const spaces = among('\\t\\n\\f\\r', '\\u1680', '\\u200B-\\u200F', '\\u2028\\u2029', '\\u2581', '\\uFEFF\\uFFFD');

/**
 * The `normalizer` of a tokenizer.json. Without one, texts stay as they are.
 *
 * @param patterns gets the patterns that the normaliser executes
 * @throws {TypeError} for an unknown type.
 */
export function normalizerOf(part: unknown, patterns: Pattern[]): Normalizer {
  if (part === null || part === undefined) return (text) => text;
  const type = isObject(part) ? String(part.type) : '';
  const make = Object.hasOwn(makers, type) ? makers[type] : undefined;
  if (make === undefined || !isObject(part)) throw new TypeError(`the normalizer ${JSON.stringify(part)} is not known`);
  return make(part, patterns);
}

/** A text without blanks at its end. A pattern with $ would try every blank anew. */
function trimRight(text: string): string {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1] as string)) end--;
  return text.slice(0, end);
}
