import { DpoError } from '@dpo/base';
import type { BlobLike } from '@dpo/base/bytes';

/** A model and pairs, in files that the page holds. */
export interface Inputs<B extends BlobLike = BlobLike> {
  /** The model's name, for messages and downloads. */
  readonly modelName: string;
  /** The model's files by their paths within its folder. */
  readonly model: ReadonlyMap<string, B>;
  /** The name of the pairs' file, whose ending may say its format. */
  readonly pairsName: string;
  readonly pairs: B;
}

/** The files of a model's folder, and the folder's name. */
export interface ModelChoice<B extends BlobLike = BlobLike> {
  readonly name: string;
  readonly files: ReadonlyMap<string, B>;
}

/**
 * The folder of a model among files that were chosen or dropped. Files are named by their paths; the folder that all paths begin
 * with is the model's. Files in folders below serve when they are chat templates.
 *
 * @throws DpoError `model.no-files` without a file; `model.several-folders` for files of several folders
 */
export function modelOfFiles<B extends BlobLike>(files: readonly (readonly [path: string, file: B])[]): ModelChoice<B> {
  const visible = files.filter(([path]) => !path.split('/').some((part) => part.startsWith('.')));
  if (visible.length === 0)
    throw new DpoError('model.no-files', 'No files were chosen, or they are all hidden.', {
      hint: 'Choose the folder with config.json, model.safetensors and tokenizer.json.',
    });
  const at = visible.map(([path]) => path.split('/')).find((parts) => isDescription(parts.at(-1)));
  const root = at?.slice(0, -1) ?? [];
  const others = visible.filter(([path]) => isDescription(path.split('/').at(-1)) && !isBeside(path, root));
  if (others.length > 0)
    throw new DpoError(
      'model.several-folders',
      `Several models were chosen: ${[root.join('/'), ...others.map(([path]) => path)].join(', ')}.`,
      {
        hint: 'Choose the folder of one model.',
      },
    );
  const start = root.length === 0 ? '' : `${root.join('/')}/`;
  const inside = visible
    .filter(([path]) => path.startsWith(start))
    .map(([path, file]) => [path.slice(start.length), file] as const);
  return { name: root.at(-1) ?? nameOf(inside), files: new Map(inside) };
}

function isDescription(name: string | undefined): boolean {
  return name === 'config.json';
}

function isBeside(path: string, root: readonly string[]): boolean {
  return path.split('/').slice(0, -1).join('/') === root.join('/');
}

/** A name for files without a folder: a GGUF file's, else `model`. */
function nameOf(files: readonly (readonly [string, unknown])[]): string {
  const gguf = files.map(([name]) => name).find((name) => name.toLowerCase().endsWith('.gguf'));
  return gguf?.replace(/\.gguf$/i, '') ?? 'model';
}
