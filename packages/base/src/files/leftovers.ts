import { randomBytes } from 'node:crypto';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from './make-folder.js';
import { foreignFiles } from './mark.js';
import { stateOf, tagPattern } from './process-tag.js';

/**
 * An unfinished file or folder lies beside its place as `.NAME.OWNER.HEX.partial`. A folder that is being replaced waits as
 * `.NAME.OWNER.HEX.old/NAME`. OWNER is the tag of the process, which tells the leftovers of a killed process from the work of a
 * running one.
 */
const LEFTOVER = new RegExp(`^\\..*\\.(${tagPattern})\\.[0-9a-f]{8}\\.(partial|old)$`, 's');

/** After this time without a change, the work of a process on another machine counts as a leftover. */
const STALE_MS = 24 * 60 * 60 * 1000;

/**
 * Removes from a folder the unfinished files and folders of processes that have ended. A folder that such a process was replacing
 * returns to its place, unless the new folder is in place already.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  const leftovers: { readonly path: string; readonly ending: string }[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const [, tag, ending] = LEFTOVER.exec(name) ?? [];
    if (tag === undefined || ending === undefined) continue;
    const path = join(folder, name);
    if (await isLeftover(tag, path)) leftovers.push({ path, ending });
  }
  // A leftover that cannot be removed is no reason to fail: writing into the folder will show the problem.
  for (const { path, ending } of leftovers) if (ending === 'old') await settleOld(path).catch(() => undefined);
  for (const { path, ending } of leftovers)
    if (ending === 'partial') await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

/**
 * Ends a replacement. When the place is free, the old folder returns. Otherwise its foreign files move to the new folder, and the
 * old folder is removed.
 */
export async function settleOld(aside: string): Promise<void> {
  for (const name of await readdir(aside)) {
    const [from, to] = [join(aside, name), join(dirname(aside), name)];
    const isFree = await lstat(to).then(
      () => false,
      () => true,
    );
    if (isFree) await rename(from, to);
    else await carryForeign(from, to);
  }
  await rm(aside, { recursive: true, force: true });
}

async function carryForeign(from: string, to: string): Promise<void> {
  for (const file of await foreignFiles(from)) {
    const target = join(to, file);
    const existing = await lstat(target).catch(() => undefined);
    await makeFolder(dirname(target));
    await rename(join(from, file), existing === undefined ? target : `${target}.${randomBytes(4).toString('hex')}.old`);
  }
}

async function isLeftover(tag: string, path: string): Promise<boolean> {
  const state = stateOf(tag);
  if (state !== 'elsewhere') return state === 'gone';
  return Date.now() - (await lastChange(path)) > STALE_MS;
}

/** The newest modification time in a file or folder. */
async function lastChange(path: string): Promise<number> {
  const stats = await lstat(path).catch(() => undefined);
  const names = stats?.isDirectory() ? await readdir(path).catch(() => []) : [];
  const below = await Promise.all(names.map((name) => lastChange(join(path, name))));
  return Math.max(stats?.mtimeMs ?? 0, ...below);
}
