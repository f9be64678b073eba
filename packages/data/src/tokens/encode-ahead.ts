import { DpoError, inPieces, type TextToEncode, type Tokenizer } from '@dpo/base';
import type { Dataset } from '../rows/types.js';
import type { Encoder } from './encode-each.js';
import type { EncodeOptions } from './encode-text.js';
import type { TokenCache } from './token-cache.js';

/** Turns many texts into tokens at once, each to what the tokenizer's `encode` or `encodeAfter` makes of it: `@dpo/models`' BatchEncoder does. */
export interface BatchTextEncoder {
  encode(texts: readonly TextToEncode[]): Promise<readonly ArrayLike<number>[]>;
}

/** What {@link encodeAhead} is told besides the options of encoding. */
export interface EncodeAheadOptions extends EncodeOptions {
  /** Is told how many rows' texts are encoded. */
  readonly onProgress?: ((rows: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where encoded texts are kept: what it holds is not encoded again. It is closed in any case. */
  readonly cache?: TokenCache | undefined;
}

/** Rows whose texts are encoded at once. */
const ROWS = 4096;

/**
 * Encodes a dataset by `encode` (`encodePairs`, `encodeAnswers`, `encodeRankings`) with all texts tokenised many at a time,
 * by threads or a native library. The result is that of `encode(dataset, tokenizer, options)`.
 *
 * The dataset is gone through twice: once to learn which texts are wanted, in which order, and once with the answers.
 * Tokens are held in memory, texts a few thousand rows at a time. Signals and timers get their turn meanwhile.
 *
 * Errors: those of `encode`; the signal's reason where it is aborted.
 */
export async function encodeAhead<Given, Row>(
  dataset: Dataset<Given>,
  encode: Encoder<Given, Row>,
  tokenizer: Tokenizer,
  batch: BatchTextEncoder,
  { onProgress, signal, cache, onError, ...options }: EncodeAheadOptions = {},
): Promise<Row[]> {
  const inTurn = () => inPieces(encode.steps(dataset, tokenizer, { ...options, onError }), signal);
  let complete = false;
  try {
    const ready = await readyTexts(dataset, encode, tokenizer, batch, { onProgress, signal, cache, ...options });
    // Something is wrong with some rows, or they cannot be looked at apart: encoding all in turn says what it is.
    if (ready === undefined) return await inTurn();
    let next = 0;
    let fits = true;
    const nextOr = (encodeNow: () => Int32Array | number[]): Int32Array | number[] => {
      const index = next++;
      const ids = ready[index];
      // Tokens of an earlier run are tried here and there, in case this tokenizer has become another.
      if (ids !== undefined && !(cache?.whole && index % TRIED === 0 && differ(ids, encodeNow()))) return ids;
      fits = false;
      return encodeNow();
    };
    const replay: Tokenizer = {
      ...tokenizer,
      encode: (text) => nextOr(() => tokenizer.encode(text)),
      encodeAfter: (before, text) => nextOr(() => tokenizer.encodeAfter(before, text)),
    };
    const rows = await inPieces(encode.steps(dataset, replay, options), signal);
    complete = fits && next === ready.length;
    return complete ? rows : await inTurn();
  } catch (error) {
    // A row that is to be left out would put the texts after it out of step.
    if (onError === undefined || !DpoError.is(error)) throw error;
    return await inTurn();
  } finally {
    await cache?.close(complete);
  }
}

/** The tokens of all texts in the order in which encoding asks for them; undefined where looking ahead fails. */
async function readyTexts<Given, Row>(
  dataset: Dataset<Given>,
  encode: Encoder<Given, Row>,
  tokenizer: Tokenizer,
  batch: BatchTextEncoder,
  { onProgress, signal, cache, ...options }: EncodeAheadOptions,
): Promise<Int32Array[] | undefined> {
  const ready = (await cache?.stored()) ?? [];
  if (cache?.whole) return ready;
  const stored = ready.length;
  let asked = 0;
  for (let from = 0; from < dataset.length; from += ROWS) {
    signal?.throwIfAborted();
    const wanted = await textsOf(slice(dataset, from, from + ROWS), encode, tokenizer, { signal, ...options });
    if (wanted === undefined) return undefined;
    asked += wanted.length;
    // What was stored ends with a slice, or within one whose last texts are encoded now.
    const missing = wanted.slice(Math.max(0, wanted.length - Math.max(0, asked - stored)));
    if (missing.length > 0) {
      const encoded = (await batch.encode(missing)).map(inArray);
      for (const ids of encoded) ready.push(ids);
      await cache?.append(encoded);
    }
    onProgress?.(Math.min(dataset.length, from + ROWS), dataset.length);
  }
  return ready;
}

/** Threads give parts of one long array, which are kept as they are: a million small copies would be a burden to the memory. */
function inArray(ids: ArrayLike<number>): Int32Array {
  return ids instanceof Int32Array ? ids : Int32Array.from(ids);
}

/** One stored text of so many is encoded again. */
const TRIED = 512;

function differ(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length !== b.length || Array.from(a).some((id, i) => id !== b[i]);
}

/** The texts that encoding these rows asks for, in order; undefined where it fails. */
async function textsOf<Given, Row>(
  rows: Iterable<Given>,
  encode: Encoder<Given, Row>,
  tokenizer: Tokenizer,
  { eos, signal }: EncodeAheadOptions,
): Promise<TextToEncode[] | undefined> {
  const texts: TextToEncode[] = [];
  const listen: Tokenizer = {
    ...tokenizer,
    // Any token will do where there is text, so that nothing is taken for empty.
    encode: (text) => {
      texts.push(text);
      return text === '' ? [] : [0];
    },
    encodeAfter: (before, text) => {
      texts.push({ before, text });
      return text === '' ? [] : [0];
    },
  };
  try {
    await inPieces(encode.steps(rows, listen, { eos }), signal);
    return texts;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

function* slice<Given>(dataset: Dataset<Given>, from: number, to: number): Generator<Given> {
  for (let row = from; row < Math.min(to, dataset.length); row++) yield dataset.at(row);
}
