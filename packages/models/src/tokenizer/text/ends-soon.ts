/** English contractions, as Llama 3 and its successors cut them off. */
const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const BLANKS = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const LEAD = '[^\\r\\n\\p{L}\\p{N}]?';
/** Words that begin in capitals: o200k, with or without contractions and slashes. */
const cased = (contractions: string, digits: string, tail: string) =>
  `${LEAD}${UPPER}*${LOWER}+${contractions}|${LEAD}${UPPER}+${LOWER}*${contractions}|${digits}| ?[^\\s\\p{L}\\p{N}]+${tail}|${BLANKS}`;
const uncased = (digits: string) => `${CONTRACTIONS}|${LEAD}\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${BLANKS}`;

/** Patterns of published tokenizers. Their repetitions were checked by hand: each step back is taken once. */
const checkedPatterns: ReadonlySet<string> = new Set([
  // GPT-2
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  // Llama 3, Qwen 2 and 3
  uncased('\\p{N}{1,3}'),
  uncased('\\p{N}'),
  // o200k, Mistral's Tekken
  cased(`${CONTRACTIONS}?`, '\\p{N}{1,3}', '[\\r\\n/]*'),
  cased('', '\\p{N}', '[\\r\\n/]*'),
  cased('', '\\p{N}{1,3}', '[\\r\\n/]*'),
  // DeepSeek
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  // BLOOM
  ' ?[^(\\s|[.,!?…。，、।۔،])]+',
]);

/**
 * Whether a regular expression surely takes time in proportion to the text: it is one of the checked patterns, or repeats nothing
 * without bound but its last part. Other patterns, such as `(a+)+$`, may step back for longer than the universe lasts.
 */
export function endsSoon(source: string): boolean {
  if (checkedPatterns.has(source)) return true;
  // The pattern with single characters in the place of escapes and classes.
  const bare = source
    .replace(/\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\./gsu, 'x')
    .replace(/\[\^?\]?(?:\[:\^?\w+:\]|[^\]])*\]/gu, 'x');
  return (
    !/[*+]|\{\d*,\}/.test(bare.replace(/^([^()|]*[^()|*+}])(?:\+|\*|\{\d*,\})$/, '$1')) && !/\\\d|\(\?R/.test(source)
  );
}
