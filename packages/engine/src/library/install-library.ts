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

/** Where an installation is. Bytes are those done and those to do of the phase. */
export interface InstallProgress {
  readonly phase: 'download' | 'unpack';
  readonly bytes: number;
  readonly total: number;
}

export interface InstallOptions {
  /** The library for NVIDIA GPUs. Linux x64 only. */
  readonly cuda?: boolean | undefined;
  /** Where the toolkit keeps what it downloads; see `cacheFolder`. */
  readonly cacheFolder?: string | undefined;
  /** Fetch it anew even where it is there and whole. */
  readonly force?: boolean | undefined;
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fetches libtensorflow into the cache: TensorFlow's own wheel by pip, whatever Python is there, and of it the files
 * with the C API, checked against the wheel's checksums. The library is in place whole or not at all; what a killed run
 * left behind is removed by the next. Where two run at once, the first to finish wins, and both return its library.
 *
 * @throws DpoError `engine.no-wheel` (the platform has none), `engine.disk-full`, `pip.no-python`, `pip.no-pip`,
 * `pip.no-network`, `pip.failed`, `zip.damaged`, `file.*`; an AbortError when the signal says so
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
      await fetchInto(scratch, wheel, folder, { ...options, cuda, force });
    } finally {
      await rm(scratch, { recursive: true, force: true, maxRetries: 2 });
    }
  }
  const installed = await inPlace(folder, cuda);
  if (installed === undefined || installed.unsuitable !== undefined)
    throw new DpoError('engine.library-not-found', `${folder} is not there although it was just installed.`);
  const { unsuitable: _, ...library } = installed;
  return library;
}

/** What is in the cache. Another installation that is told to replace it takes it away for a moment. */
async function inPlace(folder: string, cuda: boolean): ReturnType<typeof inCache> {
  for (let tries = 0; ; tries++) {
    const installed = await inCache(folder, cuda);
    if (tries === 20 || (installed !== undefined && installed.unsuitable === undefined)) return installed;
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

interface Fetch extends InstallOptions {
  readonly cuda: boolean;
  readonly force: boolean;
}

async function fetchInto(scratch: string, wheel: Wheel, folder: string, options: Fetch): Promise<void> {
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

/** Refuses to begin what cannot end well: throws `engine.disk-full`. */
export async function needSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const gigabytes = (n: number): string => `${(n / 1e9).toFixed(1)} GB`;
  throw new DpoError(
    'engine.disk-full',
    `${gigabytes(bytes)} are needed for the installation, and ${gigabytes(free)} are free where the cache is.`,
    { values: { folder, bytes, free }, hint: 'Free some space, or set XDG_CACHE_HOME to a folder on another disk.' },
  );
}

/** Renames a whole library into its place. What is damaged there makes room; what is whole stays, unless `force`. */
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
      // Another installation put its library there between the look and the rename: look again.
      if (tries > 0 || !(isCode(error, 'ENOTEMPTY') || isCode(error, 'EEXIST'))) throw asFileError(error, folder);
    }
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
