import { sha256Characters } from '#sha256';
import type { RowText } from './example-kind.js';

/** How many characters a key has, of 8 bits each: among a billion texts two have the same key by chance once in 10²¹ cases. */
export const KEY_BYTES = 16;

/**
 * Names a text by what it contains, and by the text that it follows: 128 bits of SHA-256 as a string of bytes. The same text
 * has the same key in every row, dataset and run.
 */
export function textKeys(): (text: Pick<RowText, 'text' | 'after'>) => string {
  // All answers of a row follow the same prompt.
  let last: { readonly after: string; readonly key: string } | undefined;
  return ({ text, after }) => {
    if (after === undefined) return keyOf(`=${text}`);
    if (last?.after !== after) last = { after, key: keyOf(`=${after}`) };
    return keyOf(`>${last.key}${text}`);
  };
}

function keyOf(content: string): string {
  return sha256Characters(content).slice(0, KEY_BYTES);
}
