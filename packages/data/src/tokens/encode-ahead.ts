import { DpoError, inPieces, pauses, type TextToEncode, type Tokenizer } from '@dpo/base';
import type { Dataset } from '../rows/types.js';
import type { TokensByKey } from './_token-table.js';
import { draftCollector, type Encoder } from './encode-each.js';
import type { EncodeOptions } from './encode-options.js';
import { encodeNow } from './encode-text.js';
import type { ExampleKind, RowText } from './example-kind.js';
import { textKeys } from './text-key.js';
import type { TokenCache } from './token-cache.js';

/**
 * Turns many texts into tokens at once, with the same result as the tokenizer's `encode` and `encodeAfter`. `@dpo/models` has an
 * implementation, `BatchEncoder`.
 */
export interface BatchTextEncoder {
  encode(texts: readonly TextToEncode[]): Promise<readonly ArrayLike<number>[]>;
}

/** The options of {@link encodeAhead}. */
export interface EncodeAheadOptions extends EncodeOptions {
  /** Called with the number of rows whose texts are encoded, and the number of all rows. */
  readonly onProgress?: ((rows: number, total: number) => void) | undefined;
  /** Ends encoding with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** A store of tokens, whose texts are not encoded again. The function closes the store in any case. */
  readonly cache?: TokenCache | undefined;
}

/** The number of rows whose texts are encoded at once. */
const ROWS = 4096;

/**
 * Encodes a dataset by `encode` (`encodePairs`, `encodeAnswers`, `encodeRankings`), with many texts tokenised at a time by
 * threads or a native library. The result equals `encode(dataset, tokenizer, options)`.
 *
 * The dataset is read once, a few thousand rows at a time: the function lists the rows' texts, encodes the texts that have no
 * tokens yet, and makes examples of the tokens. A text's key is a hash of its content ({@link textKeys}). Signals and timers get
 * their turn meanwhile.
 *
 * @throws DpoError the errors of `encode`; the signal's reason when the signal is aborted
 */
export async function encodeAhead<Row, Example>(
  dataset: Dataset<Row>,
  encode: Encoder<Row, Example>,
  tokenizer: Tokenizer,
  batch: BatchTextEncoder,
  options: EncodeAheadOptions = {},
): Promise<Example[]> {
  const { cache, signal } = options;
  let isComplete = false;
  try {
    const texts = textTokens((await cache?.load()) ?? new Map(), tokenizer);
    const examples = await encodeSlices(dataset, encode.kind, { tokenizer, batch, texts, options });
    isComplete = true;
    return examples;
  } catch (error) {
    if (!(error instanceof OtherTokens)) throw error;
    return await inPieces(encode.steps(dataset, tokenizer, options), signal);
  } finally {
    await cache?.close(isComplete);
  }
}

/** How texts are encoded, and the tokens so far. */
interface Work {
  readonly tokenizer: Tokenizer;
  readonly batch: BatchTextEncoder;
  readonly texts: TextTokens;
  readonly options: EncodeAheadOptions;
}

/** A row with its texts, or with the error of the row. */
interface RowWithTexts<Row> {
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
  const { tokenizer, texts: tokensByKey, options } = work;
  const { onProgress, signal, firstRow = 0 } = options;
  const pause = pauses(signal);
  const drafts = draftCollector<Draft>(dataset, options);
  const keyOf = textKeys();
  let rows = 0;
  let slice: RowWithTexts<Row>[] = [];
  const finishSlice = async () => {
    await encodeTexts(slice, work);
    onProgress?.(rows, dataset.length);
    for (const { row, texts, keys, error } of slice) {
      drafts.add((number) => {
        if (error !== undefined) throw error;
        // A text that could not be encoded with the others is encoded here, and its error names the row.
        const tokens = texts.map((text, i) => tokensByKey.get(keys[i] as string) ?? encodeNow(text, tokenizer, number));
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

/** Encodes the texts that have no tokens yet, and stores the tokens. */
async function encodeTexts(rows: readonly RowWithTexts<unknown>[], { texts, batch, options }: Work): Promise<void> {
  const missing = new Map<string, RowText>();
  for (const row of rows)
    row.texts.forEach((text, i) => {
      const key = row.keys[i] as string;
      if (!texts.has(key, text)) missing.set(key, text);
    });
  options.signal?.throwIfAborted();
  if (missing.size === 0) return;
  try {
    const requests = [...missing.values()].map(({ text, after }) =>
      after === undefined ? text : { before: after, text },
    );
    const lists = await unlessAborted(batch.encode(requests), options.signal);
    const additions = new Map([...missing.keys()].map((key, i) => [key, asInt32Array(lists[i] ?? [])]));
    for (const [key, ids] of additions) texts.add(key, ids);
    await options.cache?.append(additions);
  } catch (error) {
    options.signal?.throwIfAborted();
    // The texts are then encoded one by one, and the error names the row.
    if (!DpoError.is(error)) throw error;
  }
}

/** The result of `work`, or at once the signal's reason: some thousand texts take seconds. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject);
  });
}

/** The ids as an Int32Array. Parts of one long array, which threads return, are not copied: a million copies would fill memory. */
function asInt32Array(ids: ArrayLike<number>): Int32Array {
  return ids instanceof Int32Array ? ids : Int32Array.from(ids);
}

/** Stored tokens differ from the tokenizer's: the tokenizer has changed although its files are the same. */
class OtherTokens extends Error {}

/** Texts with their tokens, by key. */
interface TextTokens {
  /** True when a text has tokens. @throws OtherTokens when its stored tokens are wrong */
  has(key: string, text: RowText): boolean;
  get(key: string): Int32Array | undefined;
  add(key: string, ids: Int32Array): void;
}

/** One of so many stored texts is encoded again, as a check. */
const CHECK_INTERVAL = 512;

/** The tokens of an earlier run, of which some are checked, and the tokens of this run. */
function textTokens(earlier: TokensByKey, tokenizer: Tokenizer): TextTokens {
  const current = new Map<string, Int32Array>();
  let hits = 0;
  return {
    has(key, text) {
      const ids = earlier.get(key);
      if (ids === undefined) return current.has(key);
      if (hits++ % CHECK_INTERVAL === 0 && !sameIds(ids, encodeNow(text, tokenizer, 0))) throw new OtherTokens();
      return true;
    },
    get: (key) => earlier.get(key) ?? current.get(key),
    add: (key, ids) => void current.set(key, ids),
  };
}

function sameIds(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
