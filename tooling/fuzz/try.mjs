// Makes a damaged file from its number, and opens it.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formats } from './formats.mjs';
import { mutate } from './mutate.mjs';

/** The folder for damaged files: in memory when the system has such a place, since a hundred thousand files are written. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const foldersOf = (pid) => `dpo-fuzz-${pid}-`;
const folders = new Map();

/** The whole files of a format and a folder for damaged ones, made once in a process for each lane. */
function prepare(name, lane) {
  const make = async () => {
    const folder = await mkdtemp(join(place, foldersOf(process.pid)));
    return { folder, seeds: await formats[name].seeds(folder) };
  };
  const key = `${name} ${lane}`;
  if (!folders.has(key)) folders.set(key, make());
  return folders.get(key);
}

/** The bytes of the damaged file with a seed and a number. */
export async function damagedFile(name, seed, index, lane = 0) {
  const { seeds } = await prepare(name, lane);
  return mutate(formats[name].form, seeds, seed, index);
}

/**
 * Opens a damaged file; files of several lanes may be open at a time. Returns the code of the error, `read` without an error, or
 * `untyped` and the stack for an error that is not a DpoError.
 */
export async function tryOne(name, seed, index, lane = 0) {
  const { folder } = await prepare(name, lane);
  try {
    await formats[name].open(await damagedFile(name, seed, index, lane), folder);
    return { code: 'read' };
  } catch (error) {
    if (error?.name === 'DpoError') return { code: error.code, message: error.message };
    return { code: 'untyped', stack: String(error?.stack ?? error).slice(0, 2000) };
  }
}

/** Removes the folders. */
export async function cleanUp() {
  for (const preparation of folders.values()) await rm((await preparation).folder, { recursive: true, force: true });
  folders.clear();
}

/** Removes the folders of a process that has ended. */
export function cleanUpAfter(pid) {
  for (const name of readdirSync(place)) {
    if (name.startsWith(foldersOf(pid))) rmSync(join(place, name), { recursive: true, force: true });
  }
}
