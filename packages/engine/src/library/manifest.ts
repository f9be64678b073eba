import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { libraryFiles } from './wheels.js';

const fileName = 'library.json';

/** The manifest of an installed folder. */
export interface Manifest {
  readonly version: string;
  readonly cuda: boolean;
  /** The wheel that the files came out of. */
  readonly wheel: string;
  readonly files: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
}

/** Writes the manifest of a folder. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeFile(join(folder, fileName), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
}

/**
 * Checks that a folder holds a whole libtensorflow: all files, with the sizes of the folder's manifest when it has one.
 *
 * @returns the first fault, as a clause; undefined when there is none
 */
export async function whatIsMissing(folder: string): Promise<string | undefined> {
  const sizes = await manifestSizes(folder);
  for (const name of libraryFiles()) {
    const file = await stat(join(folder, name)).catch(() => undefined);
    if (!file?.isFile()) return `${name} is missing`;
    const expected = sizes.get(name);
    if (file.size === 0 || (expected !== undefined && expected !== file.size))
      return `${name} has ${file.size} bytes${expected === undefined ? '' : ` instead of ${expected}`}`;
  }
  return undefined;
}

/** The manifest's sizes by file name; none when the folder has no manifest that can be read. */
async function manifestSizes(folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, fileName), 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('files' in manifest)) return sizes;
    const { files } = manifest as Partial<Manifest>;
    for (const { name, size } of files ?? []) sizes.set(name, size);
  } catch {
    // A folder that a person filled has no manifest.
  }
  return sizes;
}
