import { availableParallelism } from 'node:os';
import { parseJsonObject } from '@dpo/base';
import type { BatchEncoder } from './batch-encoder.js';
import { encodeAllHere } from './encode-here.js';
import { openNative } from './native-encoder.js';
import type { ModelTokenizer } from './tokenizer.js';
import { openWorkers } from './worker-encoder.js';

/** How texts are encoded. */
export interface BatchEncoderOptions {
  /** How many threads encode. Default: as many as the machine has cores. */
  readonly threads?: number | undefined;
  /** Whether the native library is used if it is installed. Default true. */
  readonly native?: boolean | undefined;
  /** How much text will come, in UTF-16 units. For little text, worker threads are not worth their start. Default much. */
  readonly units?: number | undefined;
  /** The workers' script, for bundles that move it. Default the package's own. */
  readonly workerScript?: URL | undefined;
}

/** Encoding this many UTF-16 units takes as long as starting a worker and reading the vocabulary there. */
const WORTH_WORKERS = 2_000_000;

/**
 * The fastest way to encode many texts. The npm package `tokenizers`, Hugging Face's native library, is used if it is installed
 * beside `@dpo/models` (about four times as fast, on all cores) and gives the same ids; else worker threads, if there is enough
 * text; else this thread.
 *
 * Patterns that may never end are executed in this thread or in worker threads, which can stop them.
 *
 * Ids are always those of `tokenizer.encode`: the native library is tried on texts of many kinds when it is opened, and on samples
 * of the texts later, and is not used when an id differs.
 */
export async function openBatchEncoder(
  tokenizer: ModelTokenizer,
  {
    threads = availableParallelism(),
    native = true,
    units = Number.POSITIVE_INFINITY,
    workerScript,
  }: BatchEncoderOptions = {},
): Promise<BatchEncoder> {
  const json = tokenizer.files['tokenizer.json'];
  const attempt =
    native && json !== undefined && tokenizer.endsSoon
      ? await openNative(tokenizer, parseJsonObject(json, 'tokenizer.json'))
      : undefined;
  if (attempt?.encoder !== undefined) return attempt.encoder;
  const note = attempt?.note;
  if (threads > 1 && units >= WORTH_WORKERS) return { ...openWorkers(tokenizer, threads, workerScript), note };
  return {
    by: 'here',
    note,
    encode: (texts) => encodeAllHere(tokenizer, texts),
    close: async () => undefined,
  };
}
