import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere, makeFolder } from '@dpo/base/files';
import { readTokens, tokenWriter, VERSION } from './_stored-tokens.js';
import type { TokensByKey } from './_token-table.js';

/** A store of the tokens of one dataset by one tokenizer, kept from run to run: ids by the texts' keys (`textKeys`). */
export interface TokenCache {
  /** The ids of the texts that an earlier run has stored. An interrupted run has stored a part of the texts. */
  load(): Promise<TokensByKey>;
  /** Stores more texts. */
  append(texts: ReadonlyMap<string, Int32Array>): Promise<void>;
  /** Closes the store. `complete` says that all texts are stored; otherwise a partial store stays, and a whole one is removed. */
  close(complete: boolean): Promise<void>;
}

/** The inputs that tokens depend on. */
export interface TokenCacheKey {
  /** The fingerprint of the dataset. */
  readonly dataset: string;
  /** The contents of the tokenizer's files, the chat template included, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** The ids that end an answer. A chat template's text is cut behind them. */
  readonly ends: readonly number[];
}

/** Milliseconds after which an unused store is removed. */
const MAX_AGE = 30 * 24 * 3600 * 1000;

/** The options of {@link openTokenCache}. */
export interface TokenCacheOptions {
  /** Called with the path of a damaged store, whose damaged part is dropped. */
  readonly onDamaged?: ((path: string) => void) | undefined;
}

/**
 * Opens the store of these tokens in a folder: an Arrow IPC stream with a list of ids and a key to each text. The file's name is
 * a fingerprint of the dataset and the tokenizer; limits of length are applied to the tokens afterwards. The file is written
 * batch by batch, so that an interrupted run leaves its work to the next. A batch that is cut off is dropped, and so is
 * everything from a damaged batch on. The result is undefined when another process writes the store, or when the folder cannot
 * be used.
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

/** The texts of a whole store; undefined when there is none, or when it was damaged, and is now removed. */
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
    load: async () => texts,
    append: async () => undefined,
    // A store that does not fit the tokenizer is of no use to the next run either.
    close: (complete) => (complete ? Promise.resolve() : rm(path, { force: true })),
  };
}

/** A store for writing, which continues the part of an earlier run. */
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
  // A full disk costs the store, and not the run.
  let hasFailed = false;
  const write = async (bytes: () => Uint8Array) => {
    try {
      if (file === undefined) {
        file = await open(part, 'a');
        await file.truncate(end);
        if (end === 0) await file.write(writer.head);
      }
      if (!hasFailed) await file.write(bytes());
    } catch {
      hasFailed = true;
    }
  };
  return {
    load: async () => texts,
    append: (texts) => write(() => writer.batch(texts)),
    async close(complete) {
      if (complete) await write(() => writer.end());
      await file?.sync().catch(() => {
        hasFailed = true;
      });
      await file?.close();
      if (complete && !hasFailed) await rename(part, whole);
      await rm(lock, { force: true });
    },
  };
}

function fingerprint({ dataset, files, ends }: TokenCacheKey): string {
  const hash = createHash('sha256').update(JSON.stringify([VERSION, dataset, ends]));
  for (const name of Object.keys(files).sort()) hash.update(JSON.stringify([name, files[name]]));
  return hash.digest('hex');
}

/** Takes the right to write the store, also from a process that has ended. */
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
    if (Date.now() - mtimeMs > MAX_AGE) await rm(path, { force: true });
  }
}
