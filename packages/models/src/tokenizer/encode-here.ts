import { pauses, type TextToEncode } from '@dpo/base';
import type { ModelTokenizer } from './tokenizer.js';

/** The ids of a text in this thread. */
export function encodeHere(tokenizer: Pick<ModelTokenizer, 'encode' | 'encodeAfter'>, text: TextToEncode): number[] {
  return typeof text === 'string' ? tokenizer.encode(text) : tokenizer.encodeAfter(text.before, text.text);
}

/** The ids of texts in this thread. Signals and timers of the process get their turn meanwhile. */
export async function encodeAllHere(
  tokenizer: Pick<ModelTokenizer, 'encode' | 'encodeAfter'>,
  texts: readonly TextToEncode[],
): Promise<number[][]> {
  const pause = pauses();
  const encoded: number[][] = [];
  for (const text of texts) {
    encoded.push(encodeHere(tokenizer, text));
    await pause();
  }
  return encoded;
}
