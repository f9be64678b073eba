import { availableParallelism } from 'node:os';
import { parseJsonObject } from '@dpo/base';
import type { BatchEncoder } from './batch-encoder.js';
import { encodeAllHere } from './encode-here.js';
import { openNative } from './native-encoder.js';
import type { ModelTokenizer } from './tokenizer.js';
import { openWorkers } from './worker-encoder.js';

export interface BatchEncoderOptions {
  /** Threads to work in. Default: as many as the machine has cores. */
  readonly threads?: number | undefined;
  /** False leaves the native library alone where it is installed. */
  readonly native?: boolean | undefined;
  /** UTF-16 units of text that will come, where that is known: threads of one's own are not worth their start for little. */
  readonly units?: number | undefined;
  /** The workers' script, for bundles that move it. */
  readonly workerScript?: URL | undefined;
}

/** Starting a worker and reading the vocabulary there takes as long as encoding about this much text. */
const WORTH_WORKERS = 2_000_000;

/**
 * The fastest way to encode many texts: the npm package `tokenizers`, Hugging Face's native library, where it is installed
 * beside `@dpo/models` (about four times as fast, on all cores) and gives the same ids; else worker threads, where there is
 * text enough; else this thread.
 *
 * Patterns that may never end are executed here or in threads, where they are stopped.
 *
 * Ids are those of `tokenizer.encode` whichever way is taken: the native library is tried on texts of many kinds when it is
 * opened, and on samples of what it encodes; where it differs, it is left.
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
  const opened =
    native && json !== undefined && tokenizer.endsSoon
      ? await openNative(tokenizer, parseJsonObject(json, 'tokenizer.json'))
      : undefined;
  if (opened?.encoder !== undefined) return opened.encoder;
  const note = opened?.note;
  if (threads > 1 && units >= WORTH_WORKERS) return { ...openWorkers(tokenizer, threads, workerScript), note };
  return {
    by: 'here',
    note,
    encode: (texts) => encodeAllHere(tokenizer, texts),
    close: async () => undefined,
  };
}
