import { lstat, mkdir, open, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DpoError } from '../error.js';
import { asFileError } from '../file-error.js';
import { aboutPlace } from './_about-place.js';
import { systemCode } from './_system-code.js';
import { removeLeftovers, settleOld } from './leftovers.js';
import { makeFolder } from './make-folder.js';
import { type FolderKind, isEmptyFolder, readMark, writeMark } from './mark.js';
import { leftoverName } from './unfinished.js';

/**
 * Writes a whole file or none: `write` creates a temporary file beside the place, which is flushed to disk and renamed to
 * `path`. On an error the temporary file is removed, and the place is unchanged. A file replaces only a file. A link stays, and
 * its target is replaced.
 *
 * @param write gets the temporary path and must create the file there
 * @throws DpoError `file.not-a-file` when the place is a folder or a device, and the errors of {@link asFileError}
 */
export async function writeFileAtomic(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  await placeAtomic(path, 'file', async (temporary) => {
    await write(temporary);
    await flushFile(temporary);
  });
}

/**
 * Writes a whole folder or none: `write` fills a temporary folder beside the place and flushes its files to disk. The folder gets
 * a mark of its kind and is renamed to `path`.
 *
 * A folder replaces only an empty folder, or a folder with the same mark, which is moved aside first and removed after the
 * rename. Files in the old folder that this program did not write move to the new folder.
 *
 * @throws DpoError `file.not-ours` when the place has any other content, and the errors of {@link asFileError}
 */
export async function writeFolderAtomic(
  path: string,
  kind: FolderKind,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  await placeAtomic(path, kind, async (temporary) => {
    await mkdir(temporary);
    await write(temporary);
    await writeMark(temporary, { kind });
  });
}

async function placeAtomic(
  path: string,
  kind: FolderKind | 'file',
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  let temporary: string | undefined;
  try {
    const place = await placeOf(path, kind);
    await makeFolder(dirname(place));
    await removeLeftovers(dirname(place));
    temporary = leftoverName(place);
    await write(temporary);
    // Checked again, since writing may take hours.
    await placeOf(path, kind);
    if (kind === 'file') await rename(temporary, place);
    else await replaceFolder(temporary, place);
  } catch (error) {
    if (temporary === undefined) throw asFileError(error, path);
    await rm(temporary, { recursive: true, force: true });
    throw aboutPlace(asFileError(error, path), temporary, path);
  }
}

/**
 * The place where a file or a folder called `path` is written: links are followed. Writes nothing.
 *
 * @throws DpoError `file.not-a-file`, `file.not-a-folder`, `file.not-ours`, `file.broken-link` for a place that may not be
 * replaced
 */
export async function placeOf(path: string, kind: FolderKind | 'file'): Promise<string> {
  const absolute = resolve(path);
  const stats = await stat(absolute).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw asFileError(error, path);
  });
  if (kind === 'file') {
    if (/[/\\]$/.test(path) || stats?.isDirectory()) throw notAFile(path, 'is a folder where a file is needed');
    if (stats !== undefined && !stats.isFile()) throw notAFile(path, 'is a device or a pipe where a file is needed');
  }
  const isLink = (await lstat(absolute).catch(() => undefined))?.isSymbolicLink() ?? false;
  if (isLink && stats === undefined) throw brokenLink(path);
  const place = isLink ? await realpath(absolute) : absolute;
  if (kind !== 'file' && stats !== undefined) await checkReplaceable(path, place, kind, stats.isDirectory());
  return place;
}

function brokenLink(path: string): DpoError {
  return new DpoError('file.broken-link', `${path} is a link that leads nowhere.`, {
    values: { path },
    hint: 'Mend or remove the link, or choose another place.',
  });
}

async function checkReplaceable(path: string, place: string, kind: FolderKind, isFolder: boolean): Promise<void> {
  if (!isFolder)
    throw new DpoError('file.not-a-folder', `${path} is a file where a folder is needed.`, {
      values: { path },
      hint: 'Choose another place.',
    });
  if ((await readMark(place))?.kind === kind || (await isEmptyFolder(place))) return;
  throw new DpoError('file.not-ours', `${path} is a folder with other content than a ${kind} of dpo, and stays.`, {
    values: { path, kind },
    hint: 'Choose a new or an empty folder, or empty this one yourself.',
  });
}

function notAFile(path: string, what: string): DpoError {
  return new DpoError('file.not-a-file', `${path} ${what}.`, { values: { path }, hint: 'Choose another name.' });
}

async function replaceFolder(temporary: string, place: string): Promise<void> {
  if ((await stat(place).catch(() => undefined)) === undefined) return rename(temporary, place);
  if ((await readMark(place)) === undefined) {
    // Fails when the folder is no longer empty.
    await rmdir(place);
    return rename(temporary, place);
  }
  const aside = leftoverName(place, 'old');
  await mkdir(aside);
  try {
    await rename(place, join(aside, basename(place)));
    await rename(temporary, place);
  } finally {
    await settleOld(aside);
  }
}

/** Flushes a file's content to disk. */
export async function flushFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
