import { type FileHandle, open } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { chunksOf } from './body.js';
import { etagOf, type HubFile, isChecksum } from './describe-file.js';
import { type Answer, discard, request } from './request.js';
import { TemporaryFailure } from './retries.js';
import type { HubSettings } from './settings.js';

/** A file on the hub, and the local file that it is written to. */
export interface Source {
  /** The path from the hub's address on. */
  readonly path: string;
  /** The file's name in messages. */
  readonly what: string;
  /** The path of the local file. */
  readonly target: string;
  readonly description: HubFile;
}

/** The state of one download over its tries. */
export interface DownloadState {
  /** The largest number of bytes so far. */
  bytes: number;
  /** The file's checksum at the server that sends the bytes. */
  etag: string | undefined;
}

/**
 * Fetches the missing bytes of a file in one try: a range from the end of the local bytes on, or the whole file when the server
 * has no ranges or has another file by now.
 *
 * @param progress is updated
 * @throws DpoError `hub.wrong-content`; TemporaryFailure for a failure that another try may mend
 */
export async function fetchRest(
  settings: HubSettings,
  source: Source,
  progress: DownloadState,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { size } = source.description;
  const output = await open(source.target, 'a');
  try {
    if ((await output.stat()).size > size) await output.truncate(0);
    const have = (await output.stat()).size;
    if (have === size) return onBytes(have);
    const start = Math.max(progress.bytes, have);
    progress.bytes = start;
    try {
      const answer = await askFrom(settings, source, progress, have, output);
      await write(settings, source, progress, answer, await settleBegin(answer, source, progress, have, output), {
        output,
        onBytes,
      });
    } catch (error) {
      throw withProgress(error, progress.bytes - start, settings);
    }
  } finally {
    await output.close();
  }
}

/** Marks the failure of a try with many new bytes, which does not count. The end is certain, since each byte is new only once. */
function withProgress(error: unknown, newBytes: number, { minBytesPerSecond, idleTimeoutMs }: HubSettings): unknown {
  const least = Math.max(1, (minBytesPerSecond * idleTimeoutMs) / 1000);
  if (!(error instanceof TemporaryFailure) || newBytes < least) return error;
  return new TemporaryFailure(error.message, { ...error.details, isProgress: true });
}

async function write(
  settings: HubSettings,
  { what, description: { size } }: Source,
  progress: DownloadState,
  answer: Answer,
  begin: number,
  { output, onBytes }: { readonly output: FileHandle; readonly onBytes: (bytes: number) => void },
): Promise<void> {
  let have = begin;
  for await (const chunk of chunksOf(settings, answer, `the next bytes of ${what}`)) {
    have += chunk.length;
    if (have > size) {
      await output.truncate(0);
      throw new TemporaryFailure(`more than its ${size} bytes came`, { host: answer.host });
    }
    await output.writeFile(chunk);
    progress.bytes = Math.max(progress.bytes, have);
    onBytes(have);
  }
  if (have < size)
    throw new TemporaryFailure(`the connection ended after ${have} of ${size} bytes`, { host: answer.host });
}

async function askFrom(
  settings: HubSettings,
  { path, what }: Source,
  { etag }: DownloadState,
  have: number,
  output: FileHandle,
): Promise<Answer> {
  // With a strong checksum the server sends the whole of a changed file instead of a rest that does not fit.
  const condition = etag?.startsWith('"') ? { 'if-range': etag } : {};
  const headers = have > 0 ? { range: `bytes=${have}-`, ...condition } : {};
  try {
    return await request(settings, path, what, { headers });
  } catch (error) {
    // The server has no bytes from there on, so the local bytes are not the beginning of its file.
    if (error instanceof TemporaryFailure && error.details.status === 416) await output.truncate(0);
    throw error;
  }
}

/**
 * The byte at which the answer continues: `have`, or 0 when the whole file comes again. Local bytes that the answer does not
 * continue are dropped.
 */
async function settleBegin(
  answer: Answer,
  source: Source,
  progress: DownloadState,
  have: number,
  output: FileHandle,
): Promise<number> {
  const { response } = answer;
  const begin = response.status === 206 ? have : 0;
  const etag = response.headers.get('etag') ?? undefined;
  const hasChanged = etag !== undefined && progress.etag !== undefined && etag !== progress.etag;
  progress.etag = etag;
  try {
    needSameFile(answer, source);
    if (response.status === 206) needRest(answer, source, begin, hasChanged);
  } catch (error) {
    discard(response);
    await output.truncate(0);
    throw error;
  }
  if (begin !== have) await output.truncate(0);
  needLength(answer, source, begin);
  return begin;
}

/** Checks that the hub still has the same file: content without a checksum must keep its etag. */
function needSameFile({ response, redirected, host }: Answer, { what, description }: Source): void {
  const etag = etagOf(response);
  if (redirected || etag === undefined || isChecksum(description.etag) || etag === description.etag) return;
  throw new DpoError('hub.wrong-content', `${what} has changed on ${host} while it was fetched.`, {
    values: { what, host, expected: description.etag, received: etag },
    hint: 'Run the command again.',
  });
}

function needRest({ response, host }: Answer, { description }: Source, begin: number, hasChanged: boolean): void {
  if (hasChanged) throw new TemporaryFailure('the file has changed there since its first bytes came', { host });
  const [, from, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (from === `${begin}` && (size === '*' || size === `${description.size}`)) return;
  throw new TemporaryFailure('it sends another part of the file than requested', { host });
}

function needLength({ response, host }: Answer, { description }: Source, begin: number): void {
  const length = response.headers.get('content-length');
  const missing = description.size - begin;
  if (length === null || response.headers.has('content-encoding') || Number(length) === missing) return;
  discard(response);
  throw new TemporaryFailure(`it announces ${length} bytes, and ${missing} are missing`, { host });
}
