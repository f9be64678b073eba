import { type FileHandle, open } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { chunksOf } from './body.js';
import { etagOf, type HubFile, isChecksum } from './describe-file.js';
import { type Answer, discard, request } from './request.js';
import { Passing } from './retries.js';
import type { HubSettings } from './settings.js';

/** A file on the hub, and the one that it is written to. */
export interface Source {
  /** From the hub's address on. */
  readonly path: string;
  /** What it is called in messages. */
  readonly what: string;
  readonly target: string;
  readonly described: HubFile;
}

/** How far the tries of one download have come. */
export interface Reached {
  /** The most bytes that have been there. */
  bytes: number;
  /** The checksum by which the server that has the bytes knows the file. */
  etag: string | undefined;
}

/**
 * Fetches what is missing of a file, in one try: a range from the end of what is there, or all of it where the server
 * knows no ranges or has another file by now.
 *
 * @param reached is brought up to date
 * @throws DpoError `hub.wrong-content`; `Passing` for what another try may mend
 */
export async function fetchRest(
  settings: HubSettings,
  source: Source,
  reached: Reached,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { size } = source.described;
  const output = await open(source.target, 'a');
  try {
    if ((await output.stat()).size > size) await output.truncate(0);
    const have = (await output.stat()).size;
    if (have === size) return onBytes(have);
    const before = Math.max(reached.bytes, have);
    reached.bytes = before;
    try {
      const answer = await askFrom(settings, source, reached, have, output);
      await write(settings, source, reached, answer, await settleBegin(answer, source, reached, have, output), {
        output,
        onBytes,
      });
    } catch (error) {
      throw counted(error, reached.bytes - before, settings);
    }
  } finally {
    await output.close();
  }
}

/** A try that brought a good deal is none that counts: each byte is new only once, so such tries come to an end. */
function counted(error: unknown, newBytes: number, { minBytesPerSecond, idleTimeoutMs }: HubSettings): unknown {
  const good = Math.max(1, (minBytesPerSecond * idleTimeoutMs) / 1000);
  if (!(error instanceof Passing) || newBytes < good) return error;
  return new Passing(error.message, { ...error.details, gotOn: true });
}

async function write(
  settings: HubSettings,
  { what, described: { size } }: Source,
  reached: Reached,
  answer: Answer,
  begin: number,
  { output, onBytes }: { readonly output: FileHandle; readonly onBytes: (bytes: number) => void },
): Promise<void> {
  let have = begin;
  for await (const chunk of chunksOf(settings, answer, `the next bytes of ${what}`)) {
    have += chunk.length;
    if (have > size) {
      await output.truncate(0);
      throw new Passing(`more than its ${size} bytes came`, { host: answer.host });
    }
    await output.writeFile(chunk);
    reached.bytes = Math.max(reached.bytes, have);
    onBytes(have);
  }
  if (have < size) throw new Passing(`the connection ended after ${have} of ${size} bytes`, { host: answer.host });
}

async function askFrom(
  settings: HubSettings,
  { path, what }: Source,
  { etag }: Reached,
  have: number,
  output: FileHandle,
): Promise<Answer> {
  // A strong checksum lets the server send the whole of a file that has changed instead of a rest that does not fit.
  const condition = etag?.startsWith('"') ? { 'if-range': etag } : {};
  const headers = have > 0 ? { range: `bytes=${have}-`, ...condition } : {};
  try {
    return await request(settings, path, what, { headers });
  } catch (error) {
    // The server says that there is nothing from there on: what is here is not the beginning of what it has.
    if (error instanceof Passing && error.details.status === 416) await output.truncate(0);
    throw error;
  }
}

/**
 * The byte at which the answer goes on: `have`, or 0 where all of the file comes again. What is there is given up where the
 * answer does not go on with it.
 */
async function settleBegin(
  answer: Answer,
  source: Source,
  reached: Reached,
  have: number,
  output: FileHandle,
): Promise<number> {
  const { response } = answer;
  const begin = response.status === 206 ? have : 0;
  const etag = response.headers.get('etag') ?? undefined;
  const changed = etag !== undefined && reached.etag !== undefined && etag !== reached.etag;
  reached.etag = etag;
  try {
    needSameFile(answer, source);
    if (response.status === 206) needRest(answer, source, begin, changed);
  } catch (error) {
    discard(response);
    await output.truncate(0);
    throw error;
  }
  if (begin !== have) await output.truncate(0);
  needLength(answer, source, begin);
  return begin;
}

/** Where the content cannot be held to a checksum, the hub must still give the file the name that it gave before. */
function needSameFile({ response, redirected, host }: Answer, { what, described }: Source): void {
  const received = etagOf(response);
  if (redirected || received === undefined || isChecksum(described.etag) || received === described.etag) return;
  throw new DpoError('hub.wrong-content', `${what} has changed on ${host} while it was fetched.`, {
    values: { what, host, expected: described.etag, received },
    hint: 'Run the command again.',
  });
}

function needRest({ response, host }: Answer, { described }: Source, begin: number, changed: boolean): void {
  if (changed) throw new Passing('the file has changed there since its first bytes came', { host });
  const [, from, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (from === `${begin}` && (size === '*' || size === `${described.size}`)) return;
  throw new Passing('it sends another part of the file than it was asked for', { host });
}

function needLength({ response, host }: Answer, { described }: Source, begin: number): void {
  const length = response.headers.get('content-length');
  const missing = described.size - begin;
  if (length === null || response.headers.has('content-encoding') || Number(length) === missing) return;
  discard(response);
  throw new Passing(`it is about to send ${length} bytes where ${missing} are missing`, { host });
}
