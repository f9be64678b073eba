import { readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flushFile, makeFolder, writeFileAtomic } from '@dpo/base/files';
import { writeShardedSafetensors } from '@dpo/base/safetensors';
import { type CompanionFiles, companionContents, type FileContents } from '../files/file-contents.js';
import { type ModelContentsOptions, modelParts } from './model-contents.js';
import type { LanguageModel } from './types.js';

/** How a model is saved. */
export interface SaveOptions extends ModelContentsOptions {
  /** The largest file of weights in bytes. More weights are divided over several files with an index. Default 5 GB. */
  readonly maxShardBytes?: number | undefined;
}

/**
 * Writes a Hugging Face folder: `model.safetensors` (in parts over 5 GB) in Hugging Face names without a tied head, the
 * tokenizer's files, and `config.json` with the new dtype. Python transformers opens the folder with the same logits. A missing
 * folder is created. `config.json` is written last, so that a folder with a `config.json` is complete.
 *
 * @throws {DpoError} `model.has-adapter` for a model with an adapter, and file errors.
 */
export async function saveModel(model: LanguageModel, folder: string, options: SaveOptions = {}): Promise<void> {
  const { source, dtype = 'float32', maxShardBytes, card } = options;
  const { tensors, config } = modelParts(model, dtype);
  await makeFolder(folder);
  const files = await writeShardedSafetensors(folder, tensors, maxShardBytes === undefined ? {} : { maxShardBytes });
  await removeOldWeights(folder, files);
  await writeCompanions(folder, source, card);
  await writeWhole(join(folder, 'config.json'), config);
}

/** Writes the files that accompany weights, byte for byte, and the model card if there is one. */
export async function writeCompanions(
  folder: string,
  source: CompanionFiles | undefined,
  card?: string,
): Promise<void> {
  for (const { name, pieces } of companionContents(source, card)) {
    const path = join(folder, name);
    // Chat templates with names are in a folder of their own.
    if (dirname(name) !== '.') await makeFolder(dirname(path));
    await writeWhole(path, pieces());
  }
}

/** Removes the weights of an earlier model from the folder: readers would take them instead of the new ones. */
async function removeOldWeights(folder: string, newFiles: readonly string[]): Promise<void> {
  for (const name of await readdir(folder))
    if (/^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/.test(name) && !newFiles.includes(name))
      await rm(join(folder, name));
}

/** Writes a text, or bytes piece after piece, into a file: whole or not at all. */
export async function writeWhole(path: string, content: string | ReturnType<FileContents['pieces']>): Promise<void> {
  await writeFileAtomic(path, (temporary) => writeFile(temporary, content).then(() => flushFile(temporary)));
}
