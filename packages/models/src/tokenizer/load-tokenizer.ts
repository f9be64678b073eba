import { stat } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError, diskFolder } from '@dpo/base/files';
import { readTextFiles } from '../files/open-model-folder.js';
import { createTokenizer, type ModelTokenizer } from './tokenizer.js';

/**
 * Opens a tokenizer from a model's folder, or from the texts of its files by name (`tokenizer.json`, `tokenizer_config.json`, …).
 *
 * @throws {DpoError} `tokenizer.not-found`, `tokenizer.unsupported`, `model.bad-json`, and file errors.
 */
export async function loadTokenizer(filesOrFolder: Readonly<Record<string, string>> | string): Promise<ModelTokenizer> {
  if (typeof filesOrFolder !== 'string') return createTokenizer(filesOrFolder);
  const stats = await stat(filesOrFolder).catch((error: unknown) => {
    throw asFileError(error, filesOrFolder);
  });
  if (!stats.isDirectory()) {
    throw new DpoError('tokenizer.not-found', `${filesOrFolder} is not a folder with tokenizer.json.`, {
      values: { path: filesOrFolder },
    });
  }
  return createTokenizer(await readTextFiles(diskFolder(filesOrFolder)), filesOrFolder);
}
