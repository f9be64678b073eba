import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteFolder } from '../bytes/byte-folder.js';
import { openByteFile } from './byte-file.js';
import { isThere } from './is-there.js';
import { readTextIfThere } from './read-text-file.js';

/** A folder on disk. */
export function diskFolder(path: string): ByteFolder {
  const pathOf = (name: string) => join(path, name);
  return {
    path,
    pathOf,
    names: (within) => readdir(within === undefined ? path : pathOf(within)),
    has: (name) => isThere(pathOf(name)),
    open: (name) => openByteFile(pathOf(name)),
    text: (name) => readTextIfThere(pathOf(name)),
  };
}
