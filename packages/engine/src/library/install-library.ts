import { mkdir, rename, rm, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DpoError } from '@dpo/base';
import { asFileError, removeLeftovers } from '@dpo/base/files';
import { pipDownload } from '@dpo/base/pip';
import { inCache } from './_places.js';
import { makeScratch } from './_scratch.js';
import { unpackWheel } from './_unpack.js';
import { cacheFolder as defaultCacheFolder } from './cache-folder.js';
import { installedFolder } from './find-library.js';
import type { FoundLibrary } from './found-library.js';
import { thisMachine, whyNoTensorFlow } from './machine.js';
import { whatIsMissing, writeManifest } from './manifest.js';
import { tensorflowVersion, type Wheel, wheelFor } from './wheels.js';

/** The progress of an installation. */
export interface InstallProgress {
  readonly phase: 'download' | 'unpack';
  /** The bytes of the phase that are done. */
  readonly bytes: number;
  /** All bytes of the phase. */
  readonly total: number;
}

/** How a library is installed. */
export interface InstallOptions {
  /** True installs the library for NVIDIA GPUs. Linux x64 only. Default false. */
  readonly cuda?: boolean | undefined;
  /** The folder of downloads. Default: `cacheFolder()`. */
  readonly cacheFolder?: string | undefined;
  /** True installs again, even when the library is installed and whole. Default false. */
  readonly force?: boolean | undefined;
  /** Is called as the installation goes on. */
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
  /** Aborting ends the installation with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Installs libtensorflow into the cache: downloads TensorFlow's own wheel by the pip of any Python, and unpacks the files with
 * the C API with the wheel's checksums. The library appears whole or not at all. The next installation removes what a killed
 * installation left behind. When two installations run at once, the first to finish wins, and both return its library.
 *
 * @throws DpoError `engine.no-wheel` when the platform has no wheel, `engine.disk-full`, `pip.no-python`, `pip.no-pip`,
 *   `pip.no-network`, `pip.failed`, `zip.damaged`, `file.*`; an AbortError when the signal is aborted
 */
export async function installLibrary(options: InstallOptions = {}): Promise<FoundLibrary> {
  const { cuda = false, cacheFolder = defaultCacheFolder(), force = false, signal } = options;
  const folder = installedFolder(cuda, cacheFolder);
  const wheel = await wheelForThisMachine(cuda);
  await removeLeftovers(cacheFolder);
  if (force || (await whatIsMissing(folder)) !== undefined) {
    signal?.throwIfAborted();
    const scratch = await makeScratch(cacheFolder);
    try {
      await installWheel(scratch, wheel, folder, { ...options, cuda, force });
    } finally {
      await rm(scratch, { recursive: true, force: true, maxRetries: 2 });
    }
  }
  const candidate = await waitForLibrary(folder, cuda);
  if (candidate === undefined || candidate.unsuitable !== undefined)
    throw new DpoError('engine.library-not-found', `${folder} is missing although the library was just installed.`);
  const { unsuitable: _, ...library } = candidate;
  return library;
}

/** The library in the cache. Another installation with `force` removes the library for a moment. */
async function waitForLibrary(folder: string, cuda: boolean): ReturnType<typeof inCache> {
  for (let tries = 0; ; tries++) {
    const candidate = await inCache(folder, cuda);
    if (tries === 20 || (candidate !== undefined && candidate.unsuitable === undefined)) return candidate;
    await setTimeout(50);
  }
}

async function wheelForThisMachine(cuda: boolean): Promise<Wheel> {
  const { platform, arch } = process;
  const wheel = wheelFor(cuda);
  const why = wheel === undefined ? undefined : whyNoTensorFlow(await thisMachine());
  if (wheel !== undefined && why === undefined) return wheel;
  throw new DpoError(
    'engine.no-wheel',
    `There is no libtensorflow${cuda ? ' for CUDA' : ''} for this machine (${why ?? `${platform}, ${arch}`}).`,
    {
      values: { platform, arch, cuda, why },
      hint: cuda && wheelFor(false) ? 'Leave --cuda out.' : 'The portable engine runs everywhere.',
    },
  );
}

interface Installation extends InstallOptions {
  readonly cuda: boolean;
  readonly force: boolean;
}

async function installWheel(scratch: string, wheel: Wheel, folder: string, options: Installation): Promise<void> {
  const { cuda, onProgress, signal } = options;
  await needSpace(scratch, wheel.bytes + wheel.unpackedBytes);
  const path = await pipDownload({
    requirement: `${wheel.package}==${tensorflowVersion}`,
    folder: scratch,
    options: [
      ...['--only-binary=:all:', '--implementation', 'cp', '--python-version', '3.12', '--abi', 'cp312'],
      ...['--platform', wheel.tag],
    ],
    onProgress: (bytes) => onProgress?.({ phase: 'download', bytes: Math.min(bytes, wheel.bytes), total: wheel.bytes }),
    ...(signal === undefined ? {} : { signal }),
  });
  const unpacked = join(scratch, 'library');
  await mkdir(unpacked);
  const files = await unpackWheel(path, wheel.files, unpacked, {
    onProgress: (bytes, total) => onProgress?.({ phase: 'unpack', bytes, total }),
    signal,
  });
  await writeManifest(unpacked, { version: tensorflowVersion, cuda, wheel: basename(path), files });
  await place(unpacked, folder, join(scratch, 'replaced'), options.force);
}

/**
 * Checks that a folder's disk has room before an installation begins.
 *
 * @throws DpoError `engine.disk-full` when the disk has less than `bytes`
 */
export async function needSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const gigabytes = (n: number): string => `${(n / 1e9).toFixed(1)} GB`;
  throw new DpoError(
    'engine.disk-full',
    `The installation needs ${gigabytes(bytes)}, and the cache's disk has ${gigabytes(free)} free.`,
    { values: { folder, bytes, free }, hint: 'Free some space, or set XDG_CACHE_HOME to a folder on another disk.' },
  );
}

/** Renames a whole library into its place. A damaged library there is replaced; a whole one stays, unless `force`. */
async function place(unpacked: string, folder: string, replaced: string, force: boolean): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      if ((force && tries === 0) || (await whatIsMissing(folder)) !== undefined)
        await rename(folder, `${replaced}-${tries}`).catch((error: unknown) => {
          if (!isCode(error, 'ENOENT')) throw error;
        });
      else return;
      await rename(unpacked, folder);
      return;
    } catch (error) {
      // Another installation renamed its library into the place between the check and the rename: check again.
      if (tries > 0 || !(isCode(error, 'ENOTEMPTY') || isCode(error, 'EEXIST'))) throw asFileError(error, folder);
    }
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
