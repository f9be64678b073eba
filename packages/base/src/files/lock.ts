import { randomBytes } from 'node:crypto';
import { link, lstat, readdir, readFile, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DpoError } from '../error.js';
import { asFileError } from '../file-error.js';
import { systemCode } from './_system-code.js';
import { removeLeftovers } from './leftovers.js';
import { cannotMake, makeFolder } from './make-folder.js';
import { ownTag, stateOf } from './process-tag.js';
import { readTextFile } from './read-text-file.js';
import { leftoverName } from './unfinished.js';

/** The right to write into a folder. */
export interface FolderLock {
  /** The folders that were created for the lock, the outermost first. */
  readonly newFolders: readonly string[];
  /** Gives the right back, and removes the new folders that are still empty. */
  release(): Promise<void>;
}

/** The content of a lock file. */
interface Claim {
  /** A random number, different for every claim. */
  readonly id: string;
  readonly owner: string;
  readonly pid: number;
  readonly host: string;
  readonly command: string;
  readonly since: string;
}

const NAME = '.dpo.lock';
/** The interval of the owner's signs of life, for machines that cannot see the process. */
const BEAT_MS = 30_000;
/** After this time without a sign of life, an owner on another machine counts as ended. */
const SILENT_MS = 15 * 60_000;

/**
 * Takes a folder for this process, and creates a missing folder. The lock is a file in the folder with the owner's process,
 * machine, command and time. The lock of a process that has ended is free, even when another process has got the number.
 *
 * @throws DpoError `file.locked` with the owner's name, and the errors of files
 */
export async function lockFolder(folder: string, command: string): Promise<FolderLock> {
  const newFolders = await makeFolder(folder);
  const path = join(folder, NAME);
  let claim: Claim;
  try {
    await removeLeftovers(folder);
    claim = await acquire(path, folder, command);
    await removeTakeovers(folder);
  } catch (error) {
    await removeFolders(newFolders);
    throw error;
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), BEAT_MS);
  beat.unref();
  return {
    newFolders,
    release: async () => {
      clearInterval(beat);
      if ((await readClaim(path))?.id === claim.id) await rm(path, { force: true });
      await removeFolders(newFolders);
    },
  };
}

/**
 * Takes the lock at `path`. To replace the lock of a process that has ended, a process needs a second lock, which is named after
 * the claim that it replaces. So no two processes take one lock over, and no process takes over a lock that it has not read.
 */
async function acquire(path: string, folder: string, command: string): Promise<Claim> {
  const claim: Claim = {
    id: randomBytes(8).toString('hex'),
    owner: ownTag(),
    pid: process.pid,
    host: hostname(),
    command,
    since: new Date().toISOString(),
  };
  const claimFile = leftoverName(path);
  try {
    await writeFile(claimFile, `${JSON.stringify(claim)}\n`, { flag: 'wx', flush: true }).catch((error: unknown) => {
      throw cannotMake(error, folder);
    });
    for (;;) {
      if (await moveIntoFree(claimFile, path)) return claim;
      const other = await readClaim(path);
      if (other === undefined) {
        if (await isMissing(path)) continue;
        throw unreadableLock(path, folder);
      }
      if (await isOwnerAlive(other, path)) throw lockedFolder(other, path, folder);
      const takeover = `${path}.${other.id}`;
      await acquire(takeover, folder, command);
      try {
        if ((await readClaim(path))?.id !== other.id) continue;
        await rename(claimFile, path);
        return claim;
      } finally {
        await rm(takeover, { force: true });
      }
    }
  } finally {
    await rm(claimFile, { force: true });
  }
}

/** Removes the files of processes that were killed while they took a lock over. With a new lock they have no use. */
async function removeTakeovers(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${NAME}.`));
  for (const name of names) await rm(join(folder, name), { force: true });
}

/** Puts a whole file into a free place in one step. False when the place is not free. */
async function moveIntoFree(file: string, path: string): Promise<boolean> {
  try {
    await link(file, path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return false;
    if (code === 'ENOENT') throw asFileError(error, path);
  }
  // For file systems without links.
  return writeFile(path, await readFile(file), { flag: 'wx', flush: true }).then(
    () => true,
    (error: unknown) => {
      if (systemCode(error) === 'EEXIST') return false;
      throw asFileError(error, path);
    },
  );
}

async function readClaim(path: string): Promise<Claim | undefined> {
  const text = await readTextFile(path).catch(() => '');
  try {
    const claim = JSON.parse(text) as Partial<Claim> | null;
    return typeof claim?.id === 'string' && typeof claim.owner === 'string' ? (claim as Claim) : undefined;
  } catch {
    return undefined;
  }
}

/** True when the path has no entry at all. A link that leads nowhere is an entry: waiting for it would never end. */
async function isMissing(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    (error: unknown) => systemCode(error) === 'ENOENT',
  );
}

async function isOwnerAlive({ owner }: Claim, path: string): Promise<boolean> {
  const state = stateOf(owner);
  if (state !== 'elsewhere') return state === 'running';
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs < SILENT_MS;
}

function lockedFolder(claim: Claim, path: string, folder: string): DpoError {
  const { pid, host, command, since } = claim;
  return new DpoError('file.locked', `${folder} is in use by process ${pid} on ${host}: ${command}, since ${since}.`, {
    values: { folder, pid, host, command, since },
    hint:
      stateOf(claim.owner) === 'elsewhere'
        ? `Choose another folder, or wait for that process. When the process has ended, remove ${path}.`
        : 'Choose another folder, or wait for that process, or stop it.',
  });
}

function unreadableLock(path: string, folder: string): DpoError {
  return new DpoError('file.locked', `${folder} has a lock that cannot be read: ${path}.`, {
    values: { folder, path },
    hint: `When no command writes into the folder, remove ${path}.`,
  });
}

async function removeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders.toReversed())
    if (
      !(await rmdir(folder).then(
        () => true,
        () => false,
      ))
    )
      return;
}
