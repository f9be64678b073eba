import { DpoError, inPieces, pauses, type TextToEncode, type Tokenizer } from '@dpo/base';
import type { Dataset } from '../rows/types.js';
import type { TokensByKey } from './_token-table.js';
import { draftCollector, type Encoder } from './encode-each.js';
import type { EncodeOptions } from './encode-options.js';
import { encodeNow } from './encode-text.js';
import type { ExampleKind, RowText } from './example-kind.js';
import { textKeys } from './text-key.js';
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
 * The dataset is gone through once, a few thousand rows at a time: their texts are listed, those that are not known yet are
 * encoded, and examples are made of the tokens. Texts are known by what they contain ({@link textKeys}). Signals and timers
 * get their turn meanwhile.
 *
 * @throws those of `encode`; the signal's reason when it is aborted
 */
export async function encodeAhead<Row, Example>(
  dataset: Dataset<Row>,
  encode: Encoder<Row, Example>,
  tokenizer: Tokenizer,
  batch: BatchTextEncoder,
  options: EncodeAheadOptions = {},
): Promise<Example[]> {
  const { cache, signal } = options;
  let complete = false;
  try {
    const texts = knownTexts((await cache?.known()) ?? new Map(), tokenizer);
    const examples = await encodeSlices(dataset, encode.kind, { tokenizer, batch, texts, options });
    complete = true;
    return examples;
  } catch (error) {
    if (!(error instanceof OtherTokens)) throw error;
    return await inPieces(encode.steps(dataset, tokenizer, options), signal);
  } finally {
    await cache?.close(complete);
  }
}

/** What texts are encoded by. */
interface Work {
  readonly tokenizer: Tokenizer;
  readonly batch: BatchTextEncoder;
  readonly texts: KnownTexts;
  readonly options: EncodeAheadOptions;
}

/** A row whose texts are listed; or what is wrong with it. */
interface ListedRow<Row> {
  readonly row: Row;
  readonly texts: readonly RowText[];
  /** The texts' keys. */
  readonly keys: readonly string[];
  readonly error?: unknown;
}

async function encodeSlices<Row, Draft, Example>(
  dataset: Dataset<Row>,
  kind: ExampleKind<Row, Draft, Example>,
  work: Work,
): Promise<Example[]> {
  const { tokenizer, texts: known, options } = work;
  const { onProgress, signal, firstRow = 0 } = options;
  const pause = pauses(signal);
  const drafts = draftCollector<Draft>(dataset, options);
  const keyOf = textKeys();
  let rows = 0;
  let slice: ListedRow<Row>[] = [];
  const finishSlice = async () => {
    await encodeTexts(slice, work);
    onProgress?.(rows, dataset.length);
    for (const { row, texts, keys, error } of slice) {
      drafts.add((number) => {
        if (error !== undefined) throw error;
        // A text that could not be encoded with the others says here what is wrong with it.
        const tokens = texts.map((text, i) => known.get(keys[i] as string) ?? encodeNow(text, tokenizer, number));
        return kind.assemble(row, number, { texts, tokens, tokenizer, options });
      });
      await pause();
    }
    slice = [];
  };
  for (const row of dataset) {
    try {
      const texts = kind.texts(row, firstRow + rows, tokenizer);
      slice.push({ row, texts, keys: texts.map(keyOf) });
    } catch (error) {
      slice.push({ row, texts: [], keys: [], error });
    }
    rows++;
    await pause();
    if (slice.length === ROWS) await finishSlice();
  }
  if (slice.length > 0) await finishSlice();
  return inPieces(kind.finish(drafts.end(), options), signal);
}

/** Encodes the texts that are not known yet, and stores them. */
async function encodeTexts(rows: readonly ListedRow<unknown>[], { texts, batch, options }: Work): Promise<void> {
  const missing = new Map<string, RowText>();
  for (const row of rows)
    row.texts.forEach((text, i) => {
      const key = row.keys[i] as string;
      if (!texts.has(key, text)) missing.set(key, text);
    });
  options.signal?.throwIfAborted();
  if (missing.size === 0) return;
  try {
    const given = [...missing.values()].map(({ text, after }) =>
      after === undefined ? text : { before: after, text },
    );
    const encoded = await unlessAborted(batch.encode(given), options.signal);
    const added = new Map([...missing.keys()].map((id, i) => [id, inArray(encoded[i] ?? [])]));
    for (const [id, ids] of added) texts.add(id, ids);
    await options.cache?.append(added);
  } catch (error) {
    options.signal?.throwIfAborted();
    // The rows are encoded one by one then, which says the row of the text.
    if (!DpoError.is(error)) throw error;
  }
}

/** What is awaited, or at once the signal's reason: some thousand texts take seconds. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject);
  });
}

/** Threads give parts of one long array, which are kept as they are: a million small copies would be a burden to the memory. */
function inArray(ids: ArrayLike<number>): Int32Array {
  return ids instanceof Int32Array ? ids : Int32Array.from(ids);
}

/** Stored tokens are not what the tokenizer gives: it has become another although its files are the same. */
class OtherTokens extends Error {}

/** Texts with their tokens, by key. */
interface KnownTexts {
  /** Whether a text is known. @throws OtherTokens */
  has(key: string, text: RowText): boolean;
  get(key: string): Int32Array | undefined;
  add(key: string, ids: Int32Array): void;
}

/** One stored text of so many is encoded again. */
const TRIED = 512;

/** The texts of an earlier run, tried here and there, and those that are encoded now. */
function knownTexts(earlier: TokensByKey, tokenizer: Tokenizer): KnownTexts {
  const encoded = new Map<string, Int32Array>();
  let found = 0;
  return {
    has(key, text) {
      const ids = earlier.get(key);
      if (ids === undefined) return encoded.has(key);
      if (found++ % TRIED === 0 && !sameIds(ids, encodeNow(text, tokenizer, 0))) throw new OtherTokens();
      return true;
    },
    get: (key) => earlier.get(key) ?? encoded.get(key),
    add: (key, ids) => void encoded.set(key, ids),
  };
}

function sameIds(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
