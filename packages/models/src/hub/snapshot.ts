import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { isObject } from '../files/json-object.js';
import { type CachedRepository, isCommit } from './cache.js';
import { describeFile, downloadFile, type HubFile } from './download-file.js';
import { described, type HubName } from './name.js';
import { request, withRetries } from './request.js';
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

/** Downloads files of a commit into its snapshot, those that are not there yet. */
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
  let before = 0;
  for (const file of files) {
    await downloadFile(settings, repository, commit, file, (bytes) => {
      onProgress?.({ file: file.file, received: before + bytes, total });
    });
    await repository.place(file.etag, commit, file.file);
    before += file.size;
  }
}

/**
 * The commit that a revision names, and the names of its files.
 *
 * Throws `hub.not-found`, `hub.no-access`, `hub.unreachable`, `hub.failed`.
 */
export async function listFiles(settings: HubSettings, name: HubName): Promise<{ commit: string; names: string[] }> {
  const { kind, id, revision } = name;
  const what = described(name);
  const answer: unknown = await withRetries(settings, what, async () => {
    const response = await request(settings, `/api/${kind}s/${id}/revision/${encodeURIComponent(revision)}`, what);
    return response.json().catch(() => undefined);
  });
  const { sha, siblings } = isObject(answer) ? answer : {};
  if (typeof sha !== 'string' || !isCommit(sha) || !Array.isArray(siblings)) {
    throw new DpoError('hub.failed', `${settings.endpoint} does not answer as a model hub does.`, {
      values: { endpoint: settings.endpoint },
      hint: 'Is HF_ENDPOINT the address of a model hub?',
    });
  }
  const names = siblings.flatMap((entry: unknown) =>
    isObject(entry) && typeof entry.rfilename === 'string' && isInside(entry.rfilename) ? [entry.rfilename] : [],
  );
  return { commit: sha, names };
}

/** A file's name becomes a path: it must stay in its folder. */
function isInside(name: string): boolean {
  return !/[\\\0:]/.test(name) && name.split('/').every((part) => part !== '' && !/^\.+$/.test(part));
}
