// One damaged file: made from its number, opened, and what came of that.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formats } from './formats.mjs';
import { mutate } from './mutate.mjs';

/** Files of memory where the system has them: a hundred thousand are written. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const foldersOf = (pid) => `dpo-fuzz-${pid}-`;
const prepared = new Map();

/** The whole files of a format and a folder for damaged ones, made once in a process, and for each file that is open beside others. */
function prepare(name, lane) {
  const make = async () => {
    const folder = await mkdtemp(join(place, foldersOf(process.pid)));
    return { folder, seeds: await formats[name].seeds(folder) };
  };
  const key = `${name} ${lane}`;
  if (!prepared.has(key)) prepared.set(key, make());
  return prepared.get(key);
}

/** The damaged file that a seed and a number mean. */
export async function damaged(name, seed, index, lane = 0) {
  const { seeds } = await prepare(name, lane);
  return mutate(formats[name].form, seeds, seed, index);
}

/**
 * Opens a damaged file; those of several lanes may be open at a time. Returns the code of the error that came, `read` where none did, or the
 * stack of one that is not ours.
 */
export async function tryOne(name, seed, index, lane = 0) {
  const { folder } = await prepare(name, lane);
  try {
    await formats[name].open(await damaged(name, seed, index, lane), folder);
    return { code: 'read' };
  } catch (error) {
    if (error?.name === 'DpoError') return { code: error.code, message: error.message };
    return { code: 'untyped', stack: String(error?.stack ?? error).slice(0, 2000) };
  }
}

/** Removes the folders. */
export async function cleanUp() {
  for (const made of prepared.values()) await rm((await made).folder, { recursive: true, force: true });
  prepared.clear();
}

/** Removes the folders of a process that was ended. */
export function cleanUpAfter(pid) {
  for (const name of readdirSync(place)) {
    if (name.startsWith(foldersOf(pid))) rmSync(join(place, name), { recursive: true, force: true });
  }
}
