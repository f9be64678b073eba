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
  /** Folders that were made for it, the outermost first. */
  readonly madeFolders: readonly string[];
  /** Gives the right back, and removes the folders that were made where nothing came into them. */
  release(): Promise<void>;
}

/** What a lock file says. */
interface Claim {
  /** Tells this claim from every other. */
  readonly id: string;
  readonly owner: string;
  readonly pid: number;
  readonly host: string;
  readonly command: string;
  readonly since: string;
}

const NAME = '.dpo.lock';
/** How often an owner shows that it lives, for those who cannot ask for its process. */
const BEAT_MS = 30_000;
/** After so long without a sign of life, an owner on another machine counts as gone. */
const SILENT_MS = 15 * 60_000;

/**
 * Takes a folder for this process, making the folder where it is missing. The lock is a file in the folder that says whose it
 * is: process, machine, command and time. It is free when its process is gone, also where another one has the number by now.
 *
 * @throws DpoError `file.locked` with the owner's name, and file errors
 */
export async function lockFolder(folder: string, command: string): Promise<FolderLock> {
  const madeFolders = await makeFolder(folder);
  const path = join(folder, NAME);
  let claim: Claim;
  try {
    await removeLeftovers(folder);
    claim = await acquire(path, folder, command);
    await removeTakeovers(folder);
  } catch (error) {
    await removeFolders(madeFolders);
    throw error;
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), BEAT_MS);
  beat.unref();
  return {
    madeFolders,
    release: async () => {
      clearInterval(beat);
      if ((await readClaim(path))?.id === claim.id) await rm(path, { force: true });
      await removeFolders(madeFolders);
    },
  };
}

/**
 * Takes the lock at `path`. The lock of a process that is gone is replaced by whoever holds the lock on replacing it, whose
 * name is that of the claim: so no two processes take the same one over, and none takes over what it has not looked at.
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
  const written = leftoverName(path);
  try {
    await writeFile(written, `${JSON.stringify(claim)}\n`, { flag: 'wx', flush: true }).catch((error: unknown) => {
      throw cannotMake(error, folder);
    });
    for (;;) {
      if (await putInto(written, path)) return claim;
      const other = await readClaim(path);
      if (other === undefined) {
        if (await isMissing(path)) continue;
        throw unreadable(path, folder);
      }
      if (await isHeld(other, path)) throw locked(other, path, folder);
      const takeover = `${path}.${other.id}`;
      await acquire(takeover, folder, command);
      try {
        if ((await readClaim(path))?.id !== other.id) continue;
        await rename(written, path);
        return claim;
      } finally {
        await rm(takeover, { force: true });
      }
    }
  } finally {
    await rm(written, { force: true });
  }
}

/** Removes what a process left that was killed while it took a lock over: with a new lock in place nobody looks at it. */
async function removeTakeovers(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${NAME}.`));
  for (const name of names) await rm(join(folder, name), { force: true });
}

/** Puts a written file into a place that is free, whole from the first moment. False where the place is taken. */
async function putInto(written: string, path: string): Promise<boolean> {
  try {
    await link(written, path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return false;
    if (code === 'ENOENT') throw asFileError(error, path);
  }
  // File systems without links.
  return writeFile(path, await readFile(written), { flag: 'wx', flush: true }).then(
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

/** Whether nothing at all is there: a link that leads nowhere would be waited for without end. */
async function isMissing(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    (error: unknown) => systemCode(error) === 'ENOENT',
  );
}

async function isHeld({ owner }: Claim, path: string): Promise<boolean> {
  const state = stateOf(owner);
  if (state !== 'elsewhere') return state === 'running';
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs < SILENT_MS;
}

function locked(claim: Claim, path: string, folder: string): DpoError {
  const { pid, host, command, since } = claim;
  return new DpoError('file.locked', `${folder} is in use by process ${pid} on ${host}: ${command}, since ${since}.`, {
    values: { folder, pid, host, command, since },
    hint:
      stateOf(claim.owner) === 'elsewhere'
        ? `Choose another folder, or wait for that process. Where it is gone, remove ${path}.`
        : 'Choose another folder, or wait for that process, or stop it.',
  });
}

function unreadable(path: string, folder: string): DpoError {
  return new DpoError('file.locked', `${folder} has a lock that cannot be read: ${path}.`, {
    values: { folder, path },
    hint: `Where no command writes into the folder, remove ${path}.`,
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
