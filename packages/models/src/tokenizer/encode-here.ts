import { pauses, type TextToEncode } from '@dpo/base';
import type { ModelTokenizer } from './tokenizer.js';

/** The ids of a text, encoded in this thread. */
export function encodeHere(tokenizer: Pick<ModelTokenizer, 'encode' | 'encodeAfter'>, text: TextToEncode): number[] {
  return typeof text === 'string' ? tokenizer.encode(text) : tokenizer.encodeAfter(text.before, text.text);
}

/** The ids of texts, encoded in this thread with pauses for the process's signals and timers. */
export async function encodeAllHere(
  tokenizer: Pick<ModelTokenizer, 'encode' | 'encodeAfter'>,
  texts: readonly TextToEncode[],
): Promise<number[][]> {
  const pause = pauses();
  const ids: number[][] = [];
  for (const text of texts) {
    ids.push(encodeHere(tokenizer, text));
    await pause();
  }
  return ids;
}
