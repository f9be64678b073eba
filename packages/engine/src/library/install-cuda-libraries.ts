import { chmod, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, makeFolder, removeLeftovers } from '@dpo/base/files';
import { pipDownload } from '@dpo/base/pip';
import { makeScratch } from './_scratch.js';
import { unpackWheel } from './_unpack.js';
import { cacheFolder as defaultCacheFolder } from './cache-folder.js';
import { type CudaWheel, cudaWheels, unpackedBytes } from './cuda-wheels.js';
import { type InstallOptions, needSpace } from './install-library.js';
import { type Manifest, writeManifest } from './manifest.js';

/** About how many bytes the download of all wheels has. */
export const cudaDownloadBytes = cudaWheels.reduce((sum, { bytes }) => sum + bytes, 0);

/** The folder of the CUDA libraries, beside libtensorflow's folder. */
export function cudaFolder(cacheFolder = defaultCacheFolder()): string {
  return join(cacheFolder, 'nvidia');
}

/**
 * Installs NVIDIA's CUDA 12 libraries into the cache: downloads NVIDIA's wheels by pip, and unpacks their libraries with the
 * wheels' checksums. Wheels that are installed and whole are not downloaded again, so that an interrupted installation goes on
 * where it stopped. The driver (libcuda.so.1) is not included. Linux x64 only.
 *
 * @returns the folder
 * @throws DpoError `engine.no-wheel` on other platforms, `engine.disk-full`, `pip.*`, `zip.damaged`, `file.*`; an AbortError
 *   when the signal is aborted
 */
export async function installCudaLibraries({
  cacheFolder = defaultCacheFolder(),
  force = false,
  onProgress,
  signal,
}: Omit<InstallOptions, 'cuda'> = {}): Promise<string> {
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64')
    throw new DpoError('engine.no-wheel', `There are no CUDA libraries for this machine (${platform}, ${arch}).`, {
      values: { platform, arch },
      hint: 'CUDA is for Linux on x64 processors.',
    });
  const folder = cudaFolder(cacheFolder);
  await removeLeftovers(cacheFolder);
  const missing: CudaWheel[] = [];
  for (const wheel of cudaWheels) if (force || !(await isWhole(join(folder, wheel.folder), wheel))) missing.push(wheel);
  if (missing.length === 0) return folder;
  const scratch = await makeScratch(cacheFolder);
  try {
    await needSpace(scratch, unpackedBytes(missing) + Math.max(...missing.map(({ bytes }) => bytes)));
    const total = missing.reduce((sum, { bytes }) => sum + bytes, 0);
    let before = 0;
    for (const wheel of missing) {
      signal?.throwIfAborted();
      const done = before;
      await installWheel(wheel, folder, scratch, {
        signal,
        onBytes: (bytes) =>
          onProgress?.({ phase: 'download', bytes: Math.min(total, done + Math.min(bytes, wheel.bytes)), total }),
      });
      before += wheel.bytes;
    }
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 2 });
  }
  return folder;
}

/** The files that are unpacked: libraries, the assembler that the driver may lack, and the device code that XLA links. */
const UNPACKED_FILES = /\.so(\.\d+)*$|\/bin\/ptxas$|\/libdevice\/[^/]+\.bc$/;

async function installWheel(
  wheel: CudaWheel,
  folder: string,
  scratch: string,
  { signal, onBytes }: { readonly signal: AbortSignal | undefined; readonly onBytes: (bytes: number) => void },
): Promise<void> {
  const path = await pipDownload({
    requirement: `${wheel.package}==${wheel.version}`,
    folder: scratch,
    options: ['--only-binary=:all:', ...platforms.flatMap((tag) => ['--platform', tag])],
    onProgress: onBytes,
    ...(signal === undefined ? {} : { signal }),
  });
  const prefix = `nvidia/${wheel.folder}/`;
  const unpacked = join(scratch, wheel.folder);
  const files = await unpackWheel(path, (file) => file.startsWith(prefix) && UNPACKED_FILES.test(file), unpacked, {
    onProgress: () => undefined,
    signal,
    nameOf: (file) => file.slice(prefix.length),
  });
  if (files.length === 0)
    throw new DpoError('zip.damaged', `${basename(path)} holds no libraries.`, { values: { path } });
  for (const { name } of files) if (name.startsWith('bin/')) await chmod(join(unpacked, name), 0o755);
  await writeManifest(unpacked, { version: wheel.version, cuda: true, wheel: basename(path), files });
  await rm(path);
  const target = join(folder, wheel.folder);
  await makeFolder(folder);
  await rename(target, join(scratch, `replaced-${wheel.folder}`)).catch(() => undefined);
  await rename(unpacked, target).catch(async (error: unknown) => {
    // Another installation may have been first.
    if (!(await isWhole(target, wheel))) throw asFileError(error, target);
  });
}

/** The platforms of the wheels, by pip's names. */
const platforms = ['manylinux2014_x86_64', 'manylinux_2_17_x86_64', 'manylinux_2_27_x86_64'];

/** Tells whether a folder holds this wheel, with all files as long as the manifest says. */
async function isWhole(folder: string, { version }: CudaWheel): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'library.json'), 'utf8')) as Manifest;
    if (manifest.version !== version) return false;
    for (const { name, size } of manifest.files) if ((await stat(join(folder, name))).size !== size) return false;
    return true;
  } catch {
    return false;
  }
}
