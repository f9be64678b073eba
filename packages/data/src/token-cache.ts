import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@dpo/base/files';
import {
  Field,
  Int32,
  List,
  Message,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  tableFromIPC,
} from 'apache-arrow';
import { CollectingQueue } from './_arrow-blocks.js';

/** Encoded texts of one dataset by one tokenizer, kept from run to run. */
export interface TokenCache {
  /** True where all texts are stored. */
  readonly whole: boolean;
  /** The texts that an earlier run has encoded, in order; of a run that was interrupted, as many as it had stored. */
  stored(): Promise<Int32Array[]>;
  /** Stores the next texts. */
  append(texts: readonly Int32Array[]): Promise<void>;
  /** Closes the cache: as a whole where all texts are stored, else to be gone on with; a whole one that did not fit is removed. */
  close(complete: boolean): Promise<void>;
}

/** What tokens depend on. */
export interface TokenCacheKey {
  /** The fingerprint of the dataset. */
  readonly dataset: string;
  /** The tokenizer's files, chat template and all, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** What asks for texts: the name of the function that encodes. */
  readonly encode: string;
}

/**
 * Raised when texts are asked for in another order or form, or when texts get other tokens, so that older caches are not used.
 *
 * 2: an answer's tokens are those that follow its prompt's; added tokens and normalisers as in Python.
 */
const VERSION = 2;
/** Caches that were not used for so long are removed, in milliseconds. */
const KEPT = 30 * 24 * 3600 * 1000;

const item = new Field('item', new Int32(), false);
const schema = new Schema([new Field('ids', new List(item), false)], new Map([['dpo.tokens', String(VERSION)]]));

/**
 * Opens the cache of these tokens in a folder: an Arrow IPC stream with a list of ids to each text, in the order in which
 * encoding asks for them. Its name is a fingerprint of all that ids depend on; limits of length are applied afterwards and
 * change nothing. It is written batch by batch, so that an interrupted run leaves what it has done; a batch that was cut off
 * is dropped. Undefined where another process is writing it, or the folder cannot be written.
 */
export async function openTokenCache(folder: string, key: TokenCacheKey): Promise<TokenCache | undefined> {
  const name = fingerprint(key);
  const whole = join(folder, `${name}.arrow`);
  const part = join(folder, `${name}.part`);
  const lock = join(folder, `${name}.lock`);
  try {
    await makeFolder(folder);
    await removeOld(folder);
    if (await exists(whole)) {
      await utimes(whole, new Date(), new Date());
      return {
        whole: true,
        stored: () => readBatches(whole),
        append: async () => undefined,
        // What turned out not to fit is of no use to the next run either.
        close: (complete) => (complete ? Promise.resolve() : rm(whole, { force: true })),
      };
    }
    if (!(await claim(lock))) return undefined;
  } catch {
    return undefined;
  }
  let file: FileHandle | undefined;
  const writer = new RecordBatchStreamWriter();
  const queue = new CollectingQueue();
  writer.reset(queue, schema);
  const head = Buffer.concat(queue.take());
  const write = async (bytes: Uint8Array) => {
    file ??= await open(part, 'a');
    await file.write(bytes);
  };
  return {
    whole: false,
    async stored() {
      const bytes = await readFile(part).catch(() => Buffer.alloc(0));
      const end = wholeBytes(bytes);
      const kept = await open(part, 'a');
      await kept.truncate(end);
      await kept.close();
      if (end === 0) await write(head);
      return end === 0 ? [] : listsOf(bytes.subarray(0, end));
    },
    async append(texts) {
      writer.write(batchOf(texts));
      await write(Buffer.concat(queue.take()));
    },
    async close(complete) {
      if (complete) {
        writer.finish();
        await write(Buffer.concat(queue.take()));
        await file?.sync();
      }
      await file?.close();
      if (complete) await rename(part, whole);
      await rm(lock, { force: true });
    },
  };
}

function fingerprint({ dataset, files, encode }: TokenCacheKey): string {
  const hash = createHash('sha256').update(JSON.stringify([VERSION, dataset, encode]));
  for (const name of Object.keys(files).sort()) hash.update(JSON.stringify([name, files[name]]));
  return hash.digest('hex');
}

function batchOf(texts: readonly Int32Array[]): RecordBatch {
  const offsets = new Int32Array(texts.length + 1);
  texts.forEach(({ length }, i) => {
    offsets[i + 1] = (offsets[i] as number) + length;
  });
  const ids = new Int32Array(offsets[texts.length] as number);
  texts.forEach((text, i) => {
    ids.set(text, offsets[i]);
  });
  const child = makeData({ type: new Int32(), length: ids.length, nullCount: 0, data: ids });
  const lists = makeData({ type: new List(item), length: texts.length, nullCount: 0, valueOffsets: offsets, child });
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: texts.length, nullCount: 0, children: [lists] }),
  );
}

async function readBatches(path: string): Promise<Int32Array[]> {
  return listsOf(await readFile(path));
}

function listsOf(bytes: Uint8Array): Int32Array[] {
  return tableFromIPC(bytes).batches.flatMap((batch) => {
    const lists = batch.data.children[0];
    const ids = lists?.children[0]?.values as Int32Array | undefined;
    const offsets = lists?.valueOffsets as Int32Array | undefined;
    if (ids === undefined || offsets === undefined) return [];
    return Array.from({ length: batch.numRows }, (_, i) => ids.subarray(offsets[i], offsets[i + 1]));
  });
}

/** Where the last whole message of a stream ends; 0 where not even the schema is whole. */
function wholeBytes(bytes: Buffer): number {
  let end = 0;
  while (end + 8 <= bytes.length && bytes.readInt32LE(end) === -1) {
    const metadata = bytes.readInt32LE(end + 4);
    if (metadata <= 0 || end + 8 + metadata > bytes.length) break;
    const body = Number(Message.decode(bytes.subarray(end + 8, end + 8 + metadata)).bodyLength);
    if (end + 8 + metadata + body > bytes.length) break;
    end += 8 + metadata + body;
  }
  return end;
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

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
