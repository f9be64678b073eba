import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { fileDigest } from '@dpo/base/files';
import type { ModelFiles } from './model-files.js';
import { openModelFiles } from './open-model-files.js';

/**
 * SHA-256 of all files that a model is read from, by file name: weights, configuration, tokenizer, chat template, end tokens. For
 * an adapter's folder they are the adapter's files. Names of folders and dates do not count. Weights are read whole, once.
 *
 * @throws {DpoError} the errors of {@link openModelFiles}, and file errors. Once aborted, throws the signal's reason.
 */
export async function modelDigests(path: string, signal?: AbortSignal): Promise<Record<string, string>> {
  const files = await openModelFiles(path);
  await files.close();
  const digests: Record<string, string> = {};
  for (const [name, text] of Object.entries(textsOf(files))) digests[name] = digestOf(text);
  for (const file of [...files.weightFiles, ...(files.binaryFiles ?? [])])
    digests[basename(file)] = (await fileDigest(file, signal)).sha256;
  return digests;
}

/** The texts beside the weights. A GGUF file has none: they are made from the file. */
function textsOf({ format, config, adapter, tokenizerFiles }: ModelFiles): Readonly<Record<string, string>> {
  if (format === 'gguf') return {};
  return {
    ...tokenizerFiles,
    'config.json': JSON.stringify(config),
    ...(adapter === undefined ? {} : { 'adapter_config.json': JSON.stringify(adapter.config) }),
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
