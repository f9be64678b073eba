import { type Lanes, murmur128 } from './_murmur.js';
import type { RowText } from './example-kind.js';

/** The bytes of a key: among a billion texts, two have the same key by chance once in 10²¹ cases. */
export const KEY_BYTES = 16;

/**
 * A function that gives texts their keys: 128 bits of MurmurHash3, of the text and of the text before it, as a string of eight
 * code units. The same text has the same key in every row, dataset and run.
 */
export function textKeys(): (text: Pick<RowText, 'text' | 'after'>) => string {
  // All answers of a row follow the same prompt.
  let previous: { readonly after: string; readonly seeds: Lanes } | undefined;
  return ({ text, after }) => {
    if (after === undefined) return keyOf(murmur128(text));
    if (previous?.after !== after) previous = { after, seeds: seedsAfter(murmur128(after)) };
    return keyOf(murmur128(text, previous.seeds));
  };
}

/** The seeds for a text, from the hash of the text before it. */
function seedsAfter([a, b, c, d]: Lanes): Lanes {
  return [~a, b, c, d];
}

function keyOf([a, b, c, d]: Lanes): string {
  return String.fromCharCode(a & 0xffff, a >>> 16, b & 0xffff, b >>> 16, c & 0xffff, c >>> 16, d & 0xffff, d >>> 16);
}
