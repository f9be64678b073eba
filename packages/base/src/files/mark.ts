import { lstat, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { asFileError } from '../file-error.js';
import { systemCode } from './_system-code.js';
import { readTextFile } from './read-text-file.js';
import { leftoverName } from './unfinished.js';

/** The kind of a folder that this program writes. */
export type FolderKind = 'run' | 'model' | 'dataset' | 'checkpoint';

/** The content of a folder's `.dpo.json`: this program wrote the folder, and these files in it. */
export interface Mark {
  readonly writtenBy: 'dpo';
  readonly kind: FolderKind;
  /** The files of this program, with `/` between folders. A run folder, which grows, lists none. */
  readonly files: readonly string[];
  /** The command that began a run folder. */
  readonly command?: string | undefined;
}

const NAME = '.dpo.json';

/** The mark of a folder; undefined without a mark, and for a damaged mark. */
export async function readMark(folder: string): Promise<Mark | undefined> {
  const path = join(folder, NAME);
  const text = await readTextFile(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCode(error) ?? '')) return '';
    throw asFileError(error, path);
  });
  try {
    const mark = JSON.parse(text) as Partial<Mark> | null;
    if (mark?.writtenBy !== 'dpo' || typeof mark.kind !== 'string') return undefined;
    const files = Array.isArray(mark.files) ? mark.files.map(String) : [];
    return { ...mark, writtenBy: 'dpo', kind: mark.kind, files };
  } catch {
    return undefined;
  }
}

/** Marks a folder as ours. The mark lists `files`, or by default all files in the folder. */
export async function writeMark(
  folder: string,
  mark: Pick<Mark, 'kind' | 'command'> & { readonly files?: readonly string[] },
): Promise<void> {
  const files = mark.files ?? (await filesIn(folder));
  const path = join(folder, NAME);
  const text = `${JSON.stringify({ writtenBy: 'dpo', ...mark, files }, null, 2)}\n`;
  const temporary = leftoverName(path);
  try {
    await writeFile(temporary, text, { flag: 'wx', flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asFileError(error, path);
  }
}

/** True for an empty folder. */
export async function isEmptyFolder(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw asFileError(error, folder);
  });
  return names.length === 0;
}

/** The files of a marked folder that this program did not write. */
export async function foreignFiles(folder: string): Promise<string[]> {
  const ownFiles = new Set((await readMark(folder))?.files ?? []);
  return (await filesIn(folder)).filter((file) => !ownFiles.has(file));
}

/**
 * Removes the files of this program from a marked folder, and the folder when no other file is in it. A folder without a mark
 * stays, and so do foreign files.
 */
export async function removeOwn(folder: string): Promise<void> {
  const mark = await readMark(folder);
  if (mark === undefined) return;
  const foreign = await foreignFiles(folder);
  if (foreign.length === 0) return rm(folder, { recursive: true, force: true });
  // The mark stays with the foreign files, so that the place can be written again.
  await writeMark(folder, { ...mark, files: [] });
  for (const file of mark.files) await removeFile(folder, file);
}

async function removeFile(folder: string, file: string): Promise<void> {
  const path = join(folder, file);
  if (relative(folder, path).startsWith('..')) return;
  await rm(path, { force: true });
  for (let above = dirname(path); above !== folder; above = dirname(above))
    if (
      !(await rmdir(above)
        .then(() => true)
        .catch(() => false))
    )
      return;
}

/** The paths of all files in a folder, with `/` between folders, without the mark. */
async function filesIn(folder: string, below = ''): Promise<string[]> {
  const paths: string[] = [];
  for (const name of (await readdir(join(folder, below))).sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    if ((await lstat(join(folder, path))).isDirectory()) paths.push(...(await filesIn(folder, path)));
    else if (path !== NAME) paths.push(path);
  }
  return paths;
}
