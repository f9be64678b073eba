import { lowercase } from './characters.js';

/** Chinese characters, each of which is a word in BERT (`normalizers/bert.rs`). */
const chinese =
  /[\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{F900}-\u{FAFF}\u{2F800}-\u{2FA1F}]/gu;
const controls = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\uFFFD]/gu;

/**
 * BERT's normaliser: removes control characters, turns blanks into spaces, puts spaces around Chinese characters, and removes
 * accents and capitals, each unless the part's settings say otherwise.
 */
export function bertNormalizer(part: Readonly<Record<string, unknown>>): (text: string) => string {
  const lower = part.lowercase !== false;
  const accents = typeof part.strip_accents === 'boolean' ? part.strip_accents : lower;
  return (text) => {
    let result = text;
    if (part.clean_text !== false) result = result.replace(controls, '').replace(/\p{White_Space}/gu, ' ');
    if (part.handle_chinese_chars !== false) result = result.replace(chinese, ' $& ');
    if (accents) result = result.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lower ? lowercase(result) : result;
  };
}
