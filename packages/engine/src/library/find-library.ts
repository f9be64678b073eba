import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { inCache, inPython, inSetting, inTfjsNode } from './_places.js';
import { cacheFolder } from './cache-folder.js';
import type { FoundLibrary, LibraryCandidate } from './found-library.js';
import { libraryFiles, tensorflowVersion } from './wheels.js';

/** The cache's folder of an installed library. */
export function installedFolder(cuda: boolean, cache = cacheFolder()): string {
  return join(cache, `libtensorflow-${tensorflowVersion}${cuda ? '-cuda' : ''}`);
}

/** Where to look for libraries. */
export interface FindOptions {
  /** The environment variables. Default: the process's. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** The folder from which tfjs-node is resolved. Default: the current folder. */
  readonly from?: string | undefined;
}

/**
 * Finds the first libtensorflow that suits, in the order: `DPO_LIBTENSORFLOW` (a folder, or a file in it), the toolkit's cache
 * (CUDA before CPU), the TensorFlow of a Python installation, the library that tfjs-node downloaded. Libraries of another
 * release than 2.21 and libraries that are not whole are passed over.
 *
 * @throws DpoError `engine.library-not-found` when DPO_LIBTENSORFLOW is set and leads to no library, since a setting is never
 *   ignored
 */
export async function findLibrary(options: FindOptions = {}): Promise<FoundLibrary | undefined> {
  for await (const { unsuitable, ...library } of lookForLibraries(options)) {
    if (unsuitable === undefined) return library;
    const setting = (options.env ?? process.env).DPO_LIBTENSORFLOW;
    if (library.source === 'env' && setting) throw wrongSetting(setting, unsuitable);
  }
  return undefined;
}

/** Every libtensorflow of this machine, unsuitable ones too, in the order of {@link findLibrary}. */
export async function* lookForLibraries(options: FindOptions = {}): AsyncGenerator<LibraryCandidate> {
  const { env = process.env, from = process.cwd() } = options;
  const cache = cacheFolder(env);
  const places = [
    () => inSetting(env.DPO_LIBTENSORFLOW),
    () => inCache(installedFolder(true, cache), true),
    () => inCache(installedFolder(false, cache), false),
    () => inPython(env),
    () => inTfjsNode(from),
  ];
  for (const look of places) {
    const library = await look();
    if (library !== undefined) yield library;
  }
}

function wrongSetting(setting: string, unsuitable: string): DpoError {
  return new DpoError(
    'engine.library-not-found',
    `DPO_LIBTENSORFLOW is ${setting}, but there is no libtensorflow that can be used: ${unsuitable}.`,
    {
      values: { setting, files: libraryFiles() },
      hint: `Point DPO_LIBTENSORFLOW at the folder that holds ${libraryFiles().join(' and ')}, or unset it and run: dpo engine install`,
    },
  );
}
