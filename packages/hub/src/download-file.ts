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
 * Fetches a file into the cache's blobs unless it is there: goes on where an interrupted download stopped, checks
 * length and checksum, and puts it in its place whole. What is left after a failure is a beginning to go on from, or nothing.
 *
 * @param onBytes gets the bytes of this file that are there
 * @throws DpoError `hub.unreachable`, `hub.wrong-content`, and the file errors
 */
export async function downloadFile(
  settings: HubSettings,
  repository: CachedRepository,
  commit: string,
  described: HubFile,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { etag, size, file } = described;
  const blob = repository.blob(etag);
  if ((await sizeOf(blob)) === size && size > 0) return onBytes(size);
  const what = `${repository.name.id}/${file}`;
  const { path, bytes } = await repository.partial(etag);
  const source = { path: filePath(repository.name, commit, file), what, target: path, described };
  const fetchAll = () => {
    // Bytes that are there for the first time: a try that brings some is no failure to count.
    const reached = { bytes: 0, etag: undefined };
    return withRetries(settings, what, () => fetchRest(settings, source, reached, onBytes));
  };
  try {
    await fetchAll();
    let sound = await isSound(path, described, settings.signal);
    if (!sound && bytes > 0) {
      // What an earlier run left may be the damaged part: once more, from the beginning.
      await rm(path, { force: true });
      await fetchAll();
      sound = await isSound(path, described, settings.signal);
    }
    if (!sound) throw await wrongContent(settings, path, what);
    await flushFile(path);
    await rename(path, blob);
  } catch (error) {
    if ((await sizeOf(path)) === 0) await rm(path, { force: true });
    throw asFileError(error, path);
  }
}

/** Whether a whole file has the checksum that names it. */
async function isSound(path: string, { etag, size }: HubFile, signal: AbortSignal | undefined): Promise<boolean> {
  if (!isChecksum(etag)) return true;
  const hash = etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    signal?.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex') === etag;
}

/** What is wrong must not be continued: it is removed. */
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
