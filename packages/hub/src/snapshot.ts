import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { makeFolder } from '@dpo/base/files';
import type { CachedRepository } from './cache.js';
import { describeFile, type HubFile } from './describe-file.js';
import { downloadFile } from './download-file.js';
import type { HubSettings } from './settings.js';

/** How far a download has come. */
export interface DownloadProgress {
  /** The file under way. */
  readonly file: string;
  /** Bytes of all files that are there, those from earlier downloads included. */
  readonly received: number;
  readonly total: number;
}

/** Descriptions asked for at a time. */
const together = 4;

/**
 * Downloads files of a commit into its snapshot, those that are not there yet.
 *
 * @throws DpoError `file.disk-full` before anything is fetched that does not fit, and what downloading a file throws
 */
export async function fetchFiles(
  settings: HubSettings,
  repository: CachedRepository,
  commit: string,
  wanted: readonly string[],
  onProgress?: (progress: DownloadProgress) => void,
): Promise<void> {
  const missing: string[] = [];
  for (const file of wanted) {
    if ((await stat(join(repository.snapshot(commit), ...file.split('/'))).catch(() => undefined)) === undefined) {
      missing.push(file);
    }
  }
  const files: HubFile[] = [];
  for (let start = 0; start < missing.length; start += together) {
    const batch = missing.slice(start, start + together);
    files.push(...(await Promise.all(batch.map((file) => describeFile(settings, repository.name, commit, file)))));
  }
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const sizes = await Promise.all(files.map(({ etag }) => repository.bytesOf(etag)));
  await needSpace(repository, total - sizes.reduce((sum, bytes) => sum + bytes, 0));
  let before = 0;
  for (const file of files) {
    await downloadFile(settings, repository, commit, file, (bytes) => {
      onProgress?.({ file: file.file, received: before + bytes, total });
    });
    await repository.place(file.etag, commit, file.file);
    before += file.size;
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
    `${name.id} takes ${gigabytes(bytes)} more, and ${gigabytes(free)} are free where the cache is (${folder}).`,
    { values: { folder, bytes, free }, hint: 'Free some space, or set HF_HUB_CACHE to a folder on another disk.' },
  );
}
