import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere, makeFolder } from '@dpo/base/files';
import { readTokens, tokenWriter, VERSION } from './_stored-tokens.js';
import type { TokensByKey } from './_token-table.js';

/** Encoded texts of one dataset by one tokenizer, kept from run to run: a map from what a text contains (`textKeys`) to its ids. */
export interface TokenCache {
  /** The ids of the texts that an earlier run has encoded; of a run that was interrupted, as many as it had stored. */
  known(): Promise<TokensByKey>;
  /** Stores more texts. */
  append(texts: ReadonlyMap<string, Int32Array>): Promise<void>;
  /** Closes the cache: as a whole where all texts are stored, else to be gone on with; a whole one that did not fit is removed. */
  close(complete: boolean): Promise<void>;
}

/** What tokens depend on. */
export interface TokenCacheKey {
  /** The fingerprint of the dataset. */
  readonly dataset: string;
  /** The tokenizer's files, chat template and all, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** The ids that end an answer: what a chat template writes is cut behind them. */
  readonly ends: readonly number[];
}

/** Caches that were not used for so long are removed, in milliseconds. */
const KEPT = 30 * 24 * 3600 * 1000;

/** What {@link openTokenCache} is told besides. */
export interface TokenCacheOptions {
  /** Is told of a cache that is not as it was written; what is wrong in it is thrown away. */
  readonly onDamaged?: ((path: string) => void) | undefined;
}

/**
 * Opens the cache of these tokens in a folder: an Arrow IPC stream with a list of ids to each text, and
 * the key of what the text contains. Its name is a fingerprint of the dataset and of the tokenizer; limits of length are
 * applied afterwards and change nothing. It is written batch by batch, so that an interrupted run leaves what it has done; a batch that was cut off
 * is dropped, and so is all from the first byte on that is not as it was written. Undefined where another process is writing
 * it, or the folder cannot be used.
 */
export async function openTokenCache(
  folder: string,
  key: TokenCacheKey,
  { onDamaged }: TokenCacheOptions = {},
): Promise<TokenCache | undefined> {
  const name = fingerprint(key);
  const whole = join(folder, `${name}.arrow`);
  const part = join(folder, `${name}.part`);
  const lock = join(folder, `${name}.lock`);
  try {
    await makeFolder(folder);
    await removeOld(folder);
    const earlierTexts = await readWhole(whole, onDamaged);
    if (earlierTexts !== undefined) return wholeCache(whole, earlierTexts);
    if (!(await claim(lock))) return undefined;
    return await partCache(part, whole, lock, onDamaged).catch(async (error: unknown) => {
      await rm(lock, { force: true });
      throw error;
    });
  } catch {
    return undefined;
  }
}

/** The texts of a cache that is whole; undefined where there is none, or where it was damaged and is removed now. */
async function readWhole(path: string, onDamaged: TokenCacheOptions['onDamaged']): Promise<TokensByKey | undefined> {
  if (!(await isThere(path))) return undefined;
  const { state, texts } = await readTokens(await readFile(path));
  if (state !== 'whole') {
    await rm(path, { force: true });
    onDamaged?.(path);
    return undefined;
  }
  await utimes(path, new Date(), new Date());
  return texts;
}

function wholeCache(path: string, texts: TokensByKey): TokenCache {
  return {
    known: async () => texts,
    append: async () => undefined,
    // What turned out not to fit is of no use to the next run either.
    close: (complete) => (complete ? Promise.resolve() : rm(path, { force: true })),
  };
}

/** A cache that is written, from where an earlier run had come to. */
async function partCache(
  part: string,
  whole: string,
  lock: string,
  onDamaged: TokenCacheOptions['onDamaged'],
): Promise<TokenCache> {
  const { texts, end, digest, state } = await readTokens(await readFile(part).catch(() => Buffer.alloc(0)));
  if (state === 'damaged') onDamaged?.(part);
  const writer = tokenWriter(digest);
  let file: FileHandle | undefined;
  // A disk that is full costs the cache and not the run.
  let lost = false;
  const write = async (bytes: () => Uint8Array) => {
    try {
      if (file === undefined) {
        file = await open(part, 'a');
        await file.truncate(end);
        if (end === 0) await file.write(writer.head);
      }
      if (!lost) await file.write(bytes());
    } catch {
      lost = true;
    }
  };
  return {
    known: async () => texts,
    append: (added) => write(() => writer.batch(added)),
    async close(complete) {
      if (complete) await write(() => writer.end());
      await file?.sync().catch(() => {
        lost = true;
      });
      await file?.close();
      if (complete && !lost) await rename(part, whole);
      await rm(lock, { force: true });
    },
  };
}

function fingerprint({ dataset, files, ends }: TokenCacheKey): string {
  const hash = createHash('sha256').update(JSON.stringify([VERSION, dataset, ends]));
  for (const name of Object.keys(files).sort()) hash.update(JSON.stringify([name, files[name]]));
  return hash.digest('hex');
}

/** Takes the right to write, from a process that is gone too. */
async function claim(lock: string): Promise<boolean> {
  const take = () =>
    writeFile(lock, String(process.pid), { flag: 'wx' }).then(
      () => true,
      () => false,
    );
  if (await take()) return true;
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (isRunning(owner)) return false;
  await rm(lock, { force: true });
  return take();
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > KEPT) await rm(path, { force: true });
  }
}
