import type { EncodeOptions } from './_encode-text.js';
import type { Dataset, TextEncoder_ } from './types.js';

/** Turns many texts into tokens at once, each to what the tokenizer's `encode` makes of it: `@dpo/models`' BatchEncoder does. */
export interface BatchTextEncoder {
  encode(texts: readonly string[]): Promise<readonly ArrayLike<number>[]>;
}

/** What {@link encodeAhead} is told besides the options of encoding. */
export interface EncodeAheadOptions extends EncodeOptions {
  /** Is told how many rows' texts are encoded. */
  readonly onProgress?: ((rows: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rows whose texts are encoded at once. */
const ROWS = 4096;

/**
 * Encodes a dataset by `encode` (`encodePairs`, `encodeAnswers`, `encodeRankings`) with all texts tokenised many at a time,
 * by threads or a native library. The result is that of `encode(dataset, tokenizer, options)`.
 *
 * The dataset is gone through twice: once to learn which texts are wanted, in which order, and once with the answers.
 * Tokens are held in memory, texts a few thousand rows at a time.
 *
 * Errors: those of `encode`; the signal's reason where it is aborted.
 */
export async function encodeAhead<Given, Row>(
  dataset: Dataset<Given>,
  encode: (rows: Iterable<Given>, tokenizer: TextEncoder_, options: EncodeOptions) => Row[],
  tokenizer: TextEncoder_,
  batch: BatchTextEncoder,
  { onProgress, signal, ...options }: EncodeAheadOptions = {},
): Promise<Row[]> {
  const ready: Int32Array[] = [];
  for (let from = 0; from < dataset.length; from += ROWS) {
    signal?.throwIfAborted();
    const wanted = textsOf(slice(dataset, from, from + ROWS), encode, tokenizer, options);
    // Something is wrong with these rows, or they cannot be looked at apart: encoding all in turn says what it is.
    if (wanted === undefined) return encode(dataset, tokenizer, options);
    for (const ids of await batch.encode(wanted)) ready.push(Int32Array.from(ids));
    onProgress?.(Math.min(dataset.length, from + ROWS), dataset.length);
  }
  let next = 0;
  const replay: TextEncoder_ = { ...tokenizer, encode: () => ready[next++] as Int32Array };
  return encode(dataset, replay, options);
}

/** The texts that encoding these rows asks for, in order; undefined where it fails. */
function textsOf<Given, Row>(
  rows: Iterable<Given>,
  encode: (rows: Iterable<Given>, tokenizer: TextEncoder_, options: EncodeOptions) => Row[],
  tokenizer: TextEncoder_,
  { eos }: EncodeOptions,
): string[] | undefined {
  const texts: string[] = [];
  const listen: TextEncoder_ = {
    ...tokenizer,
    // Any token will do where there is text, so that nothing is taken for empty.
    encode: (text) => {
      texts.push(text);
      return text === '' ? [] : [0];
    },
  };
  try {
    encode(rows, listen, { eos });
    return texts;
  } catch {
    return undefined;
  }
}

function* slice<Given>(dataset: Dataset<Given>, from: number, to: number): Generator<Given> {
  for (let row = from; row < Math.min(to, dataset.length); row++) yield dataset.at(row);
}
