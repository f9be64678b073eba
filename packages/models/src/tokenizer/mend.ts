import { isObject } from '../files/json-object.js';

/**
 * A `pre_tokenizer` that `@huggingface/tokenizers` executes as the original library does. Its `Digits` knows 0 to 9
 * only; the original takes every number of Unicode (³, Ⅷ, १), which a `Split` can say.
 */
export function mendPreTokenizer(part: unknown): unknown {
  if (!isObject(part)) return part;
  if (part.type === 'Sequence' && Array.isArray(part.pretokenizers)) {
    return { ...part, pretokenizers: part.pretokenizers.map(mendPreTokenizer) };
  }
  if (part.type !== 'Digits') return part;
  const pattern = part.individual_digits === true ? '\\p{N}' : '\\p{N}+';
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}
