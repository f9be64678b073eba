import type { Item, TextCutter } from './text-cutter.js';
import type { WordEncoder } from './word-encoder.js';

/** Turns texts into ids. */
export interface TextEncoding {
  encode(text: string): number[];
  encodeAfter(before: string, text: string): number[];
}

/**
 * The one rule for what follows a text, {@link TextEncoding.encodeAfter}: where the ids of `before + text` begin with
 * those of `before`, the rest of them. Elsewhere a token of the whole text lies across the border, and a model that was
 * given the ids of `before` cannot produce it. Then the ids are those of `text` as it goes on: with nothing put before it
 * that the tokenizer puts before a text (`▁`, a space), and nothing taken away there; a word that goes on is cut as one.
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
      const own = cutter.cut(text, 'continuing');
      const [first] = own;
      const goesOn = typeof first === 'string' && whole.length === items.length + own.length - 1;
      return goesOn ? [...words.idsOfContinued(first), ...words.idsOf(own.slice(1))] : words.idsOf(own);
    },
  };
}
