import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { fileDigest } from '@dpo/base/files';
import type { ModelFiles } from './model-files.js';
import { openModelFiles } from './open-model-files.js';

/**
 * SHA-256 of all that a model is read from, by file name: weights, configuration, tokenizer, chat template, end tokens; of an
 * adapter's folder, those of the adapter. Neither names of folders nor dates count. Weights are read once, whole.
 *
 * @throws DpoError what `openModelFiles` throws, and file errors; the signal's reason when it is aborted
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

/** What is read beside the weights. Those of a GGUF file are made from it. */
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
