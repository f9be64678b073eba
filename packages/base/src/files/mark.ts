import { lstat, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { asFileError } from '../file-error.js';
import { systemCode } from './_system-code.js';
import { readTextFile } from './read-text-file.js';
import { leftoverName } from './unfinished.js';

/** What a folder of ours is. */
export type FolderKind = 'run' | 'model' | 'dataset' | 'checkpoint';

/** `.dpo.json` of a folder: says that this program wrote the folder, and which files in it. */
export interface Mark {
  readonly writtenBy: 'dpo';
  readonly kind: FolderKind;
  /** The files that were written, with `/` between folders. A run folder, which grows, lists none. */
  readonly files: readonly string[];
  /** The command that began a run folder. */
  readonly command?: string | undefined;
}

const NAME = '.dpo.json';

/** The mark of a folder; undefined where there is none, or a damaged one. */
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

/** Marks a folder as ours, with the files that are in it now, or with those that are given. */
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

/** Whether a folder holds nothing. */
export async function isEmptyFolder(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw asFileError(error, folder);
  });
  return names.length === 0;
}

/** The files of a marked folder that this program did not write. */
export async function foreignFiles(folder: string): Promise<string[]> {
  const listed = new Set((await readMark(folder))?.files ?? []);
  return (await filesIn(folder)).filter((file) => !listed.has(file));
}

/**
 * Removes what this program wrote into a marked folder, and the folder where nothing else is in it. A folder without a mark,
 * and files that came from elsewhere, stay.
 */
export async function removeOwn(folder: string): Promise<void> {
  const mark = await readMark(folder);
  if (mark === undefined) return;
  const foreign = await foreignFiles(folder);
  if (foreign.length === 0) return rm(folder, { recursive: true, force: true });
  // The mark stays with what is left, so that the place can be written again.
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

/** All that is in a folder but folders, by paths with `/`; not the mark. */
async function filesIn(folder: string, below = ''): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await readdir(join(folder, below))).sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    if ((await lstat(join(folder, path))).isDirectory()) found.push(...(await filesIn(folder, path)));
    else if (path !== NAME) found.push(path);
  }
  return found;
}
