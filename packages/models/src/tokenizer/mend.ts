import type { Tokenizer as Encoder } from '@huggingface/tokenizers';
import { isObject } from '../files/json-object.js';

/**
 * A `pre_tokenizer` that `@huggingface/tokenizers` executes as the original library does.
 *
 * - Its `Digits` knows 0 to 9 only; the original takes every number of Unicode (³, Ⅷ, १), which a `Split` can say.
 * - Its `Metaspace` leaves a text in one piece; the original cuts before each replaced space unless told not to. Then
 *   the likeliest pieces are sought word by word, and sums of equal scores are rounded alike.
 */
export function mendPreTokenizer(part: unknown): unknown {
  if (!isObject(part)) return part;
  if (part.type === 'Sequence' && Array.isArray(part.pretokenizers)) {
    return { ...part, pretokenizers: part.pretokenizers.map(mendPreTokenizer) };
  }
  if (part.type === 'Metaspace' && part.split !== false) {
    const space = typeof part.replacement === 'string' ? part.replacement : '\u2581';
    const cut = {
      type: 'Split',
      pattern: { Regex: `(?=${space.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')})` },
      behavior: 'Removed',
      invert: false,
    };
    return { type: 'Sequence', pretokenizers: [part, cut] };
  }
  if (part.type !== 'Digits') return part;
  const pattern = part.individual_digits === true ? '\\p{N}' : '\\p{N}+';
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

/**
 * Makes a Unigram model with `byte_fallback` give the bytes of what has no piece, `<0xE2>` and so on, as the original
 * library does; `@huggingface/tokenizers` does so for BPE alone.
 */
export function mendByteFallback(encoder: Encoder, json: Record<string, unknown>): void {
  const { model } = encoder;
  if (model === null || !isObject(json.model) || json.model.type !== 'Unigram' || json.model.byte_fallback !== true)
    return;
  const encode = model.encode.bind(model);
  const text = new TextEncoder();
  model.encode = (words: string[]): string[] =>
    (encode(words) as string[]).flatMap((piece) => {
      if (model.tokens_to_ids.has(piece)) return [piece];
      const bytes = Array.from(text.encode(piece), (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
      return bytes.every((byte) => model.tokens_to_ids.has(byte)) ? bytes : [piece];
    });
}
