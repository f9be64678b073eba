// One damaged file: made from its number, opened, and what came of that.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formats } from './formats.mjs';
import { mutate } from './mutate.mjs';

const prepared = new Map();

/** The whole files of a format and a folder for damaged ones, made once in a process. */
function prepare(name) {
  const { seeds } = formats[name];
  const make = async () => {
    const folder = await mkdtemp(join(tmpdir(), `dpo-fuzz-${name}-`));
    return { folder, seeds: await seeds(folder) };
  };
  if (!prepared.has(name)) prepared.set(name, make());
  return prepared.get(name);
}

/** The damaged file that a seed and a number mean. */
export async function damaged(name, seed, index) {
  const { seeds } = await prepare(name);
  return mutate(formats[name].form, seeds, seed, index);
}

/** Opens a damaged file. Returns the code of the error that came, `read` where none did, or the stack of one that is not ours. */
export async function tryOne(name, seed, index) {
  const { folder } = await prepare(name);
  try {
    await formats[name].open(await damaged(name, seed, index), folder);
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
