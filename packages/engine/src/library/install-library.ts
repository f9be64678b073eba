import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { flushFile, writeFolderAtomic } from '@dpo/base/files';
import { pipDownload } from '@dpo/base/pip';
import { openZip } from '@dpo/base/unzip';
import { cacheFolder } from './cache-folder.js';
import { type FoundLibrary, holdsLibrary, installedFolder } from './find-library.js';
import { tensorflowVersion, wheelFor } from './wheels.js';

/** Where an installation is. Bytes are those done and those to do of the phase. */
export interface InstallProgress {
  readonly phase: 'download' | 'unpack';
  readonly bytes: number;
  readonly total: number;
}

export interface InstallOptions {
  /** The library for NVIDIA GPUs. Linux x64 only. */
  readonly cuda?: boolean | undefined;
  readonly cache?: string | undefined;
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A temporary folder of a download that was killed is removed once it is this old. */
const STALE_MS = 60 * 60 * 1000;

/**
 * Fetches libtensorflow into the cache: TensorFlow's own wheel by pip, whatever Python is there, and of it the files with the
 * C API, checked against the wheel's checksums. The library is in place whole or not at all; what an interrupted
 * run left behind is removed by the next.
 *
 * Throws `engine.no-wheel` (the platform has none), `pip.no-python`, `pip.no-pip`, `pip.no-network`, `pip.failed`,
 * `zip.damaged`, `file.disk-full`; an AbortError when the signal says so.
 */
export async function installLibrary(options: InstallOptions = {}): Promise<FoundLibrary> {
  const { cuda = false, cache = cacheFolder(), onProgress, signal } = options;
  const wheel = wheelFor(cuda);
  if (wheel === undefined)
    throw new DpoError(
      'engine.no-wheel',
      `There is no libtensorflow${cuda ? ' for CUDA' : ''} for ${process.platform} on ${process.arch}.`,
      {
        values: { platform: process.platform, arch: process.arch, cuda },
        hint: 'The portable engine runs everywhere: leave --engine out.',
      },
    );
  const folder = installedFolder(cuda, cache);
  await removeStale(cache);
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, 'download-'));
  try {
    const path = await pipDownload({
      requirement: `${wheel.package}==${tensorflowVersion}`,
      folder: scratch,
      options: [
        ...['--only-binary=:all:', '--implementation', 'cp', '--python-version', '3.12', '--abi', 'cp312'],
        ...['--platform', wheel.tag],
      ],
      onProgress: (bytes) => onProgress?.({ phase: 'download', bytes, total: wheel.bytes }),
      ...(signal === undefined ? {} : { signal }),
    });
    await unpack(path, wheel.files, folder, options);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return { folder, source: 'cache', version: tensorflowVersion };
}

async function unpack(
  path: string,
  files: readonly string[],
  folder: string,
  { onProgress, signal }: InstallOptions,
): Promise<void> {
  const zip = await openZip(path);
  try {
    const total = files.reduce((sum, file) => sum + (zip.entries.get(file)?.size ?? 0), 0);
    await writeFolderAtomic(folder, async (temporary) => {
      let before = 0;
      for (const file of files) {
        const target = join(temporary, file.slice(file.lastIndexOf('/') + 1));
        await zip.extract(file, target, {
          onProgress: (bytes) => onProgress?.({ phase: 'unpack', bytes: before + bytes, total }),
          ...(signal === undefined ? {} : { signal }),
        });
        await flushFile(target);
        before += zip.entries.get(file)?.size ?? 0;
      }
    });
  } catch (error) {
    // Another process may have put the same library there in the meantime.
    if (DpoError.is(error, 'file.exists') && (await holdsLibrary(folder))) return;
    throw error;
  } finally {
    await zip.close();
  }
}

async function removeStale(cache: string): Promise<void> {
  const names = await readdir(cache).catch(() => []);
  for (const name of names.filter((each) => /^download-|^\.libtensorflow-.*\.partial/.test(each))) {
    const path = join(cache, name);
    const changed = await stat(path).catch(() => undefined);
    if (changed !== undefined && Date.now() - changed.mtimeMs > STALE_MS)
      await rm(path, { recursive: true, force: true });
  }
}
