import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError, flushFile } from '@dpo/base/files';
import { type CachedRepository, sizeOf } from './cache.js';
import { filePath, type HubFile, isChecksum } from './describe-file.js';
import { fetchRest } from './fetch-rest.js';
import { withRetries } from './retries.js';
import type { HubSettings } from './settings.js';

/**
 * Downloads a file into the cache's blobs, unless the cache has it. The download continues an interrupted one, checks length and
 * checksum, and moves the whole file into its place. A failure leaves a beginning that the next download continues, or no file.
 *
 * @param onBytes called with the number of bytes of this file so far
 * @throws DpoError `hub.unreachable`, `hub.wrong-content`, and the errors of files
 */
export async function downloadFile(
  settings: HubSettings,
  repository: CachedRepository,
  commit: string,
  description: HubFile,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { etag, size, file } = description;
  const blob = repository.blob(etag);
  if ((await sizeOf(blob)) === size && size > 0) return onBytes(size);
  const what = `${repository.name.id}/${file}`;
  const { path, bytes } = await repository.partial(etag);
  const source = { path: filePath(repository.name, commit, file), what, target: path, description };
  const fetchAll = () => {
    const progress = { bytes: 0, etag: undefined };
    return withRetries(settings, what, () => fetchRest(settings, source, progress, onBytes));
  };
  try {
    await fetchAll();
    let hasChecksum = await isSound(path, description, settings.signal);
    if (!hasChecksum && bytes > 0) {
      // The part of an earlier run may be damaged, so the download begins again.
      await rm(path, { force: true });
      await fetchAll();
      hasChecksum = await isSound(path, description, settings.signal);
    }
    if (!hasChecksum) throw await wrongContent(settings, path, what);
    await flushFile(path);
    await rename(path, blob);
  } catch (error) {
    if ((await sizeOf(path)) === 0) await rm(path, { force: true });
    throw asFileError(error, path);
  }
}

/** True when a whole file has its checksum, or when the hub gives no checksum. */
async function isSound(path: string, { etag, size }: HubFile, signal: AbortSignal | undefined): Promise<boolean> {
  if (!isChecksum(etag)) return true;
  const hash = etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    signal?.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex') === etag;
}

/** Removes a file with wrong content, which must not be continued, and returns the error. */
async function wrongContent({ address }: HubSettings, path: string, what: string): Promise<DpoError> {
  await rm(path, { force: true });
  return new DpoError(
    'hub.wrong-content',
    `${what} arrived damaged from ${address.host}: its checksum is not the one that the hub gives.`,
    {
      values: { what, host: address.host },
      hint: 'Run the command again; a proxy or a mirror may have changed the file.',
    },
  );
}
