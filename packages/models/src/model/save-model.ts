import { copyFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DpoError } from '@dpo/base';
import { flushFile, makeFolder, writeFileAtomic } from '@dpo/base/files';
import { type TensorToWrite, writeShardedSafetensors } from '@dpo/base/safetensors';
import { writeConfig } from '../files/config-json.js';
import type { ModelFiles } from '../files/model-files.js';
import type { LanguageModel } from './types.js';

export interface SaveOptions {
  /** Whose tokenizer, chat template and generation settings go along unchanged; usually what the model was loaded from. */
  readonly source?: CompanionFiles | undefined;
  /** How weights are stored. Default float32. */
  readonly dtype?: 'float32' | 'bfloat16' | undefined;
  /** The largest file of weights in bytes; more are divided over several with an index. Default 5 GB. */
  readonly maxShardBytes?: number | undefined;
  /** The text of `README.md`: see `modelCard`. */
  readonly card?: string | undefined;
}

/**
 * Writes a Hugging Face folder: `model.safetensors` (in parts over 5 GB) in Hugging Face names, a tied head not
 * repeated, the tokenizer's files, and `config.json` as it was but for its dtype. Python transformers opens it with the same logits. The folder is made
 * if need be; `config.json` comes last, so that a folder that has one is complete.
 *
 * @throws DpoError `model.has-adapter` for a model with an adapter, and file errors
 */
export async function saveModel(model: LanguageModel, folder: string, options: SaveOptions = {}): Promise<void> {
  const { source, dtype = 'float32', maxShardBytes, card } = options;
  if (model.adapter !== undefined)
    throw new DpoError('model.has-adapter', 'The model has an adapter, which a model folder cannot hold.', {
      hint: 'Save the adapter by itself, or merge it into the weights first.',
    });
  await makeFolder(folder);
  const tensors = [...model.weights].map(
    ([name, variable]): TensorToWrite => ({ name, shape: variable.shape, dtype, data: (room) => variable.read(room) }),
  );
  const files = await writeShardedSafetensors(folder, tensors, maxShardBytes === undefined ? {} : { maxShardBytes });
  await removeOldWeights(folder, files);
  await writeCompanions(folder, source, card);
  await writeText(join(folder, 'config.json'), configText(model, dtype));
}

/** What goes along with weights. */
export type CompanionFiles = Pick<ModelFiles, 'tokenizerFiles' | 'binaryFiles'>;

/** Writes what goes along with weights, byte for byte, and the model card if there is one. */
export async function writeCompanions(
  folder: string,
  source: CompanionFiles | undefined,
  card?: string,
): Promise<void> {
  for (const [name, text] of Object.entries(source?.tokenizerFiles ?? {})) {
    const path = join(folder, name);
    // Chat templates with names lie in a folder of their own.
    if (dirname(name) !== '.') await makeFolder(dirname(path));
    await writeText(path, text);
  }
  for (const path of source?.binaryFiles ?? []) {
    const target = join(folder, basename(path));
    // A model that is saved where it came from has the file already.
    if (resolve(path) === resolve(target)) continue;
    await writeFileAtomic(target, (temporary) => copyFile(path, temporary).then(() => flushFile(temporary)));
  }
  if (card !== undefined) await writeText(join(folder, 'README.md'), card);
}

/** Weights of an earlier model in the folder, whole or in parts: readers would take them instead of those just written. */
async function removeOldWeights(folder: string, written: readonly string[]): Promise<void> {
  for (const name of await readdir(folder))
    if (/^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/.test(name) && !written.includes(name))
      await rm(join(folder, name));
}

/** Writes a text file whole or not at all. */
export async function writeText(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, (temporary) => writeFile(temporary, text).then(() => flushFile(temporary)));
}

/** The configuration with the dtype of the weights as written, under the name that it uses for it. */
function configText({ config: { raw } }: LanguageModel, dtype: string): string {
  const key = 'torch_dtype' in raw && !('dtype' in raw) ? 'torch_dtype' : 'dtype';
  return writeConfig(raw, { [key]: dtype });
}
