import { DpoError, isObject } from '@dpo/base';
import {
  type ByteDirectory,
  byteCheckpoints,
  type CheckpointStore,
  directoryFiles,
  memoryFiles,
  type StepRecord,
} from '@dpo/core';
import type { Inputs } from './inputs.js';
import type { Sample } from './open-session.js';
import type { Settings } from './settings.js';

/** What is kept of a training besides its files. */
export interface KeptFacts {
  readonly version: 1;
  /** Whether the model and the pairs are the built-in ones, which are not copied. */
  readonly demo: boolean;
  readonly settings: Settings;
  readonly engine: string;
  readonly modelName: string;
  readonly pairsName: string;
  readonly before: readonly Sample[];
  /** The records of the steps up to the last checkpoint. */
  readonly records: readonly StepRecord[];
}

/** A place for one training, which a reload of the page goes on with. */
export interface SessionPlace {
  /** Whether the browser keeps the files when the page is closed. */
  readonly lasting: boolean;
  readonly checkpoints: CheckpointStore;
  /** Removes the training that is kept, and keeps the inputs of a new one. @throws DpoError `file.storage-full` */
  begin(inputs: Inputs<Blob>, demo: boolean): Promise<void>;
  write(facts: KeptFacts): Promise<void>;
  /** The training that is kept; undefined without a checkpoint, and for facts that this version does not read. */
  read(): Promise<KeptFacts | undefined>;
  /** The files of the training that is kept, unless they are the built-in ones. */
  readInputs(facts: KeptFacts): Promise<Inputs<Blob>>;
  discard(): Promise<void>;
}

const FOLDER = 'training';
const FACTS = 'session.json';

/** A place in the page's private files; in memory where the browser has none (pages without https, some private windows). */
export async function openPlace(storage: StorageManager | undefined): Promise<SessionPlace> {
  try {
    if (storage?.getDirectory !== undefined) return await lastingPlace(storage);
  } catch {
    // Some private windows have the function, and refuse the call.
  }
  return memoryPlace();
}

/** A place that lasts as long as the page. */
export function memoryPlace(): SessionPlace {
  const files = memoryFiles();
  const clear = async () => {
    for (const name of await files.names()) await files.remove(name);
  };
  return {
    lasting: false,
    checkpoints: byteCheckpoints(files),
    begin: clear,
    write: async () => undefined,
    read: async () => undefined,
    readInputs: async () => {
      throw nothingKept();
    },
    discard: clear,
  };
}

async function lastingPlace(storage: StorageManager): Promise<SessionPlace> {
  const root = await storage.getDirectory();
  const within = async (...path: string[]) => {
    let directory = await root.getDirectoryHandle(FOLDER, { create: true });
    for (const name of path) directory = await directory.getDirectoryHandle(name, { create: true });
    return directory;
  };
  const files = async (...path: string[]) => directoryFiles((await within(...path)) satisfies ByteDirectory);
  const discard = async () => {
    await root.removeEntry(FOLDER, { recursive: true }).catch((error: unknown) => {
      if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
    });
  };
  return {
    lasting: true,
    checkpoints: lazyStore(async () => byteCheckpoints(await files('checkpoints'))),
    async begin({ model, pairs }, demo) {
      await discard();
      if (demo) return;
      const bytes = [...model.values(), pairs].reduce((sum, { size }) => sum + size, 0);
      await checkRoom(storage, bytes);
      try {
        const folder = await within('model');
        for (const [name, blob] of model) await copyInto(folder, encodeURIComponent(name), blob);
        await copyInto(await within('pairs'), 'pairs', pairs);
      } catch (error) {
        throw error instanceof Error && error.name === 'QuotaExceededError' ? full(bytes, undefined) : error;
      }
    },
    async write(facts) {
      await (await files()).write(FACTS, [new TextEncoder().encode(JSON.stringify(facts))]);
    },
    async read() {
      const bytes = await (await files()).read(FACTS);
      const facts = bytes === undefined ? undefined : parseFacts(new TextDecoder().decode(bytes));
      if (facts === undefined) return undefined;
      const { length } = await byteCheckpoints(await files('checkpoints')).list();
      return length === 0 ? undefined : facts;
    },
    async readInputs({ modelName, pairsName }) {
      const model = new Map<string, Blob>();
      const folder = await within('model');
      for await (const name of folder.keys())
        model.set(decodeURIComponent(name), await (await folder.getFileHandle(name)).getFile());
      const pairs = await (await (await within('pairs')).getFileHandle('pairs')).getFile();
      return { modelName, model, pairsName, pairs };
    },
    discard,
  };
}

/** A store whose directory is made when it is needed: `begin` removes all directories. */
function lazyStore(open: () => Promise<CheckpointStore>): CheckpointStore {
  return {
    save: async (contents) => (await open()).save(contents),
    list: async () => (await open()).list(),
    open: async (name) => (await open()).open(name),
    remove: async (name) => (await open()).remove(name),
  };
}

async function copyInto(folder: FileSystemDirectoryHandle, name: string, blob: Blob): Promise<void> {
  const writer = await (await folder.getFileHandle(name, { create: true })).createWritable();
  try {
    await writer.write(blob);
    await writer.close();
  } catch (error) {
    await writer.abort().catch(() => undefined);
    throw error;
  }
}

async function checkRoom(storage: StorageManager, bytes: number): Promise<void> {
  const { quota, usage = 0 } = await storage.estimate();
  if (quota !== undefined && quota - usage < bytes) throw full(bytes, quota - usage);
}

function full(bytes: number, room: number | undefined): DpoError {
  const size = (count: number) => `${(count / 1e6).toFixed(1)} MB`;
  const left =
    room === undefined ? 'which is more than the browser gives this page' : `and ${size(room)} are left for this page`;
  return new DpoError('file.storage-full', `A copy of the model and the pairs takes ${size(bytes)}, ${left}.`, {
    values: { bytes, ...(room === undefined ? {} : { room }) },
    hint: 'Without a copy the training does not go on after a reload: free some space on the disk, or keep this page open.',
  });
}

/** Facts that another version of the page, or nobody knows who, has written are no facts. */
function parseFacts(text: string): KeptFacts | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && value.version === 1 && Array.isArray(value.records)
      ? (value as unknown as KeptFacts)
      : undefined;
  } catch {
    return undefined;
  }
}

function nothingKept(): DpoError {
  return new DpoError('page.nothing-kept', 'The browser has kept no training of this page.');
}
