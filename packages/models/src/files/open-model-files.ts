import { readdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, diskFolder } from '@dpo/base/files';
import { openGgufModel } from './gguf-model.js';
import type { ModelFiles } from './model-files.js';
import { holdsAdapter, openModelFolder, readTextFiles } from './open-model-folder.js';
import { pickle, pickled } from './pickled-weights.js';

/**
 * Opens a Hugging Face folder, a PEFT adapter's folder, a `.gguf` file, or a folder with one `.gguf` file or the parts of one
 * model. Only descriptions are read; weights are read later, one at a time.
 *
 * @throws {DpoError} `model.not-found`, `model.unknown-format`, `model.pickle`, and the errors of {@link openModelFolder}.
 */
export async function openModelFiles(path: string): Promise<ModelFiles> {
  const stats = await stat(path).catch((error: unknown) => {
    const fileError = asFileError(error, path);
    if (!DpoError.is(fileError, 'file.not-found')) throw fileError;
    throw new DpoError('model.not-found', `There is no model at ${path}.`, {
      values: { path },
      hint: 'Give a folder with config.json and model.safetensors, or a .gguf file.',
      cause: error,
    });
  });
  return stats.isDirectory() ? openModelFolder(diskFolder(path)) : openSingleFile(path);
}

/** Whether a path is an adapter's folder, by its file names alone. False for files, and for folders that cannot be listed. */
export async function isAdapterFolder(path: string): Promise<boolean> {
  return holdsAdapter(await readdir(path).catch(() => []));
}

async function openSingleFile(path: string): Promise<ModelFiles> {
  if (path.toLowerCase().endsWith('.gguf')) {
    const folder = diskFolder(dirname(path));
    return openGgufModel(folder, basename(path), () => readTextFiles(folder));
  }
  if (pickle.test(basename(path))) throw pickled(dirname(path), basename(path));
  throw new DpoError('model.unknown-format', `${path} is neither a folder nor a .gguf file.`, {
    values: { path },
    hint: basename(path).endsWith('.safetensors')
      ? 'Give the folder with this file and its config.json.'
      : 'Give a folder with config.json and model.safetensors, or a .gguf file.',
  });
}
