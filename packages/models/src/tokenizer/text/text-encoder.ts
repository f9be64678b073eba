import type { Item, TextCutter } from './text-cutter.js';
import type { WordEncoder } from './word-encoder.js';

/** Turns texts into ids. */
export interface TextEncoding {
  /** The ids of a text. */
  encode(text: string): number[];
  /** The ids of a text that follows another text: see {@link textEncoding}. */
  encodeAfter(before: string, text: string): number[];
}

/**
 * An encoding with one rule for texts that follow other texts, {@link TextEncoding.encodeAfter}. When the ids of `before + text`
 * begin with the ids of `before`, the result is the rest of them. Otherwise a token of the whole text lies across the border, and a
 * model that has read the ids of `before` cannot produce that token. Then the result is the ids of `text` as a continuation: at its
 * beginning nothing is added (`▁`, a space) and nothing is removed, and a word that continues is cut as such.
 */
export function textEncoding(cutter: TextCutter, words: WordEncoder): TextEncoding {
  // Several answers follow one prompt.
  let last: { readonly before: string; readonly from: number; readonly items: readonly Item[] } | undefined;
  const cutBefore = (before: string) => {
    if (last?.before === before) return last;
    const from = cutter.tailOf(before);
    last = { before, from, items: cutTail(before, from) };
    return last;
  };
  const cutTail = (text: string, from: number): Item[] => cutter.cut(text.slice(from), from > 0 ? 'inside' : 'start');
  return {
    encode: (text) => words.idsOf(cutter.cut(text)),
    encodeAfter(before, text) {
      if (text === '') return [];
      const { from, items } = cutBefore(before);
      const whole = cutTail(before + text, from);
      let same = 0;
      while (same < items.length && items[same] === whole[same]) same++;
      const head = words.idsOf(items.slice(same));
      const rest = words.idsOf(whole.slice(same));
      if (head.every((id, i) => id === rest[i])) return rest.slice(head.length);
      const ofText = cutter.cut(text, 'continuing');
      const [first] = ofText;
      const continuesWord = typeof first === 'string' && whole.length === items.length + ofText.length - 1;
      return continuesWord ? [...words.idsOfContinuation(first), ...words.idsOf(ofText.slice(1))] : words.idsOf(ofText);
    },
  };
}
