import { isObject } from '@dpo/base';
import type { Tokenizer as Encoder } from '@huggingface/tokenizers';

/**
 * Mends Unigram models with `byte_fallback`: characters without a piece become bytes (`<0xE2>` and so on), as in the original
 * library. `@huggingface/tokenizers` does this for BPE alone.
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
