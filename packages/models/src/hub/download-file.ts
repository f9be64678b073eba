import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError, flushFile } from '@dpo/base/files';
import { type CachedRepository, sizeOf } from './cache.js';
import { filesPath, type HubName } from './name.js';
import { passing, request, withRetries } from './request.js';
import type { HubSettings } from './settings.js';

/** A file of a commit, as the hub describes it. */
export interface HubFile {
  readonly file: string;
  /** The checksum that names the blob: SHA-256 of large files, git's SHA-1 of small ones. */
  readonly etag: string;
  readonly size: number;
}

/** Without a byte for this long a connection counts as broken. */
const stallMs = 60_000;

/** The place of a file on the hub. */
function filePath(name: HubName, commit: string, file: string): string {
  return `${filesPath(name)}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`;
}

/** Asks the hub for a file's checksum and size. */
export async function describeFile(
  settings: HubSettings,
  name: HubName,
  commit: string,
  file: string,
): Promise<HubFile> {
  const what = `${name.id}/${file}`;
  return withRetries(settings, what, async () => {
    let path = filePath(name, commit, file);
    for (let hops = 0; hops < 5; hops++) {
      const { headers, status } = await request(settings, path, what, { method: 'HEAD', redirect: 'manual' });
      // A renamed model is somewhere else on the hub; a file's content elsewhere is described by this very answer.
      const location = headers.get('location');
      if (status >= 300 && location?.startsWith('/') && headers.get('x-linked-etag') === null) {
        path = location;
        continue;
      }
      const etag = (headers.get('x-linked-etag') ?? headers.get('etag') ?? '').replace(/^W\//, '').replaceAll('"', '');
      const size = Number(headers.get('x-linked-size') ?? headers.get('content-length') ?? Number.NaN);
      // The etag becomes a file's name.
      if (!/^[\w-]{8,128}$/.test(etag) || !Number.isSafeInteger(size) || size < 0) break;
      return { file, etag, size };
    }
    throw new DpoError('hub.failed', `${settings.endpoint} does not say what ${what} is (ETag and length).`, {
      values: { endpoint: settings.endpoint, file, commit },
      hint: 'Is HF_ENDPOINT the address of a model hub?',
    });
  });
}

/**
 * Fetches a file into the cache's blobs unless it is there: goes on where an interrupted download stopped, checks
 * length and checksum, and puts it in its place whole.
 *
 * @param onBytes gets the bytes of this file that are there
 * Throws `hub.unreachable`, `hub.wrong-content`, and the file errors.
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
  try {
    await withRetries(settings, what, () => fetchRest(settings, repository, commit, described, path, onBytes));
    let sound = await isSound(path, described);
    if (!sound && bytes > 0) {
      // What an earlier run left may be the damaged part: once more, from the beginning.
      await rm(path, { force: true });
      await withRetries(settings, what, () => fetchRest(settings, repository, commit, described, path, onBytes));
      sound = await isSound(path, described);
    }
    if (!sound) throw await wrongContent(path, what);
    await flushFile(path);
    await rename(path, blob);
  } catch (error) {
    throw asFileError(error, path);
  }
}

async function fetchRest(
  settings: HubSettings,
  repository: CachedRepository,
  commit: string,
  { file, size }: HubFile,
  path: string,
  onBytes: (bytes: number) => void,
): Promise<void> {
  let have = await sizeOf(path);
  if (have > size) {
    await rm(path, { force: true });
    have = 0;
  }
  const output = await open(path, 'a');
  const stalled = new AbortController();
  const signals = settings.signal === undefined ? [stalled.signal] : [stalled.signal, settings.signal];
  let timer: NodeJS.Timeout | undefined;
  try {
    if (have === size) return onBytes(have);
    const response = await request(
      { ...settings, signal: AbortSignal.any(signals) },
      filePath(repository.name, commit, file),
      file,
      {
        headers: have > 0 ? { range: `bytes=${have}-` } : {},
      },
    );
    if (have > 0 && !continues(response, have)) {
      await output.truncate(0);
      have = 0;
    }
    const chunks = response.body;
    if (chunks === null) throw passing('the answer is empty');
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(passing(`nothing has come for ${stallMs / 1000} s`)), stallMs);
    };
    wait();
    for await (const chunk of body(chunks)) {
      wait();
      have += chunk.length;
      if (have > size) throw passing(`more than its ${size} bytes came`);
      await output.writeFile(chunk);
      onBytes(have);
    }
    if (have < size) throw passing(`the connection ended after ${have} of ${size} bytes`);
  } catch (error) {
    if (have > size) await output.truncate(0);
    throw error;
  } finally {
    clearTimeout(timer);
    await output.close();
  }
}

/** True where the answer holds the bytes from `have` on, and not the whole file. */
function continues(response: Response, have: number): boolean {
  return response.status === 206 && (response.headers.get('content-range') ?? '').startsWith(`bytes ${have}-`);
}

/** The chunks of a body; a connection that breaks is worth another try. */
async function* body(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw passing('the connection broke', error);
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Whether a whole file has the checksum that names it. */
async function isSound(path: string, { etag, size }: HubFile): Promise<boolean> {
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag)) return true;
  const hash = etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest('hex') === etag;
}

/** What is wrong must not be continued: it is removed. */
async function wrongContent(path: string, what: string): Promise<DpoError> {
  await rm(path, { force: true });
  return new DpoError('hub.wrong-content', `${what} arrived damaged: its checksum is not the one that the hub gives.`, {
    values: { what },
    hint: 'Run the command again; a proxy or a mirror may have changed the file.',
  });
}
