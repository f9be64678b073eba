import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { makeFolder } from '@dpo/base/files';
import type { CachedRepository } from './cache.js';
import { describeFile, type HubFile } from './describe-file.js';
import { downloadFile } from './download-file.js';
import type { HubSettings } from './settings.js';

/** The progress of a download. */
export interface DownloadProgress {
  /** The present file. */
  readonly file: string;
  /** The bytes so far of all files, bytes of earlier downloads included. */
  readonly received: number;
  /** The bytes of all files. */
  readonly total: number;
}

/** The number of descriptions that are requested at a time. */
const parallelRequests = 4;

/**
 * Downloads the files of a commit that its snapshot does not have yet.
 *
 * @throws DpoError `file.disk-full` before the download of files that do not fit, and the errors of {@link downloadFile}
 */
export async function fetchFiles(
  settings: HubSettings,
  repository: CachedRepository,
  commit: string,
  names: readonly string[],
  onProgress?: (progress: DownloadProgress) => void,
): Promise<void> {
  const missing: string[] = [];
  for (const file of names) {
    if ((await stat(join(repository.snapshot(commit), ...file.split('/'))).catch(() => undefined)) === undefined) {
      missing.push(file);
    }
  }
  const files: HubFile[] = [];
  for (let start = 0; start < missing.length; start += parallelRequests) {
    const batch = missing.slice(start, start + parallelRequests);
    files.push(...(await Promise.all(batch.map((file) => describeFile(settings, repository.name, commit, file)))));
  }
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const sizes = await Promise.all(files.map(({ etag }) => repository.bytesOf(etag)));
  await needSpace(repository, total - sizes.reduce((sum, bytes) => sum + bytes, 0));
  let earlierBytes = 0;
  for (const file of files) {
    await downloadFile(settings, repository, commit, file, (bytes) => {
      onProgress?.({ file: file.file, received: earlierBytes + bytes, total });
    });
    await repository.place(file.etag, commit, file.file);
    earlierBytes += file.size;
  }
}

async function needSpace({ folder, name }: CachedRepository, bytes: number): Promise<void> {
  await makeFolder(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (bytes <= free) return;
  const gigabytes = (count: number): string => `${(count / 1e9).toFixed(1)} GB`;
  throw new DpoError(
    'file.disk-full',
    `${name.id} takes ${gigabytes(bytes)} more, and ${gigabytes(free)} are free on the disk of the cache (${folder}).`,
    { values: { folder, bytes, free }, hint: 'Free some space, or set HF_HUB_CACHE to a folder on another disk.' },
  );
}
