import { DpoError, isObject } from '@dpo/base';
import { type CheckpointState, parseCheckpointState, unreadable } from './checkpoint-state.js';
import type { CheckpointContents, CheckpointStore, OpenCheckpoint } from './checkpoint-store.js';

/** Bytes under names, as a map, a directory or a database holds them. */
export interface ByteFiles {
  names(): Promise<readonly string[]>;
  /** The bytes under a name; undefined when there are none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes the pieces one after another under a name: all of them, or nothing. */
  write(name: string, pieces: readonly Uint8Array<ArrayBuffer>[]): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Bytes in memory, which last as long as the object. */
export function memoryFiles(): ByteFiles {
  const files = new Map<string, Uint8Array>();
  return {
    names: async () => [...files.keys()],
    read: async (name) => files.get(name),
    async write(name, pieces) {
      const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const piece of pieces) {
        bytes.set(piece, at);
        at += piece.length;
      }
      files.set(name, bytes);
    },
    remove: async (name) => void files.delete(name),
  };
}

/** The part of a browser's `FileSystemDirectoryHandle` that checkpoints need. */
export interface ByteDirectory {
  keys(): AsyncIterable<string>;
  getFileHandle(
    name: string,
    options?: { create?: boolean },
  ): Promise<{
    getFile(): Promise<{ readonly size: number; arrayBuffer(): Promise<ArrayBuffer> }>;
    createWritable(): Promise<{
      write(data: Uint8Array<ArrayBuffer>): Promise<void>;
      close(): Promise<void>;
      abort(): Promise<void>;
    }>;
  }>;
  removeEntry(name: string): Promise<void>;
}

/**
 * Bytes in a directory of a browser, such as a page's private directory (`navigator.storage.getDirectory()`). A file has its
 * old content until the browser closes the writer, and then the new content. A new file is empty until then, and an empty file
 * counts as missing: the page was closed while the file was written.
 *
 * @throws DpoError from `write`: `file.storage-full` when the browser gives the page no more room. The name then has its old content
 */
export function directoryFiles(directory: ByteDirectory): ByteFiles {
  const contentOf = async (name: string) => (await directory.getFileHandle(name)).getFile();
  const names = async () => {
    const list: string[] = [];
    for await (const name of directory.keys()) {
      // A directory within the directory is no file.
      const size = await contentOf(name).then(
        (file) => file.size,
        () => 0,
      );
      if (size > 0) list.push(name);
    }
    return list;
  };
  return {
    names,
    async read(name) {
      if (!(await names()).includes(name)) return undefined;
      return new Uint8Array(await (await contentOf(name)).arrayBuffer());
    },
    async write(name, pieces) {
      const writer = await (await directory.getFileHandle(name, { create: true })).createWritable();
      try {
        for (const piece of pieces) await writer.write(piece);
        await writer.close();
      } catch (error) {
        await writer.abort().catch(() => undefined);
        throw asStorageError(error, name, pieces);
      }
    },
    remove: (name) => directory.removeEntry(name),
  };
}

function asStorageError(error: unknown, name: string, pieces: readonly Uint8Array[]): unknown {
  if (!(error instanceof Error) || error.name !== 'QuotaExceededError') return error;
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  return new DpoError(
    'file.storage-full',
    `${name} (${(bytes / 1e6).toFixed(1)} MB) does not fit into the room that the browser gives this page.`,
    {
      values: { name, bytes },
      hint: 'Free some space on the disk, remove data of this page, or keep fewer checkpoints.',
      cause: error,
    },
  );
}

const NAME = /^checkpoint-(\d+)\.bin$/;

/**
 * A store of checkpoints as bytes, for pages. `checkpoint-N.bin` holds the length of a header (8 bytes, little-endian), the
 * header as JSON (the state, and part, name and shape of each tensor), then all numbers as float32 in the header's order.
 */
export function byteCheckpoints(files: ByteFiles): CheckpointStore {
  return {
    async save(contents) {
      const name = `checkpoint-${contents.state.step}.bin`;
      await files.write(name, await encode(contents));
      return name;
    },
    async list() {
      const checkpoints = (await files.names()).flatMap((name) => {
        const step = NAME.exec(name)?.[1];
        return step === undefined ? [] : [{ name, step: Number(step) }];
      });
      return checkpoints.sort((a, b) => a.step - b.step);
    },
    async open(name) {
      const bytes = await files.read(name);
      if (bytes === undefined) throw unreadable(name, 'it is missing');
      return decode(name, bytes);
    },
    remove: (name) => files.remove(name),
  };
}

interface Header {
  readonly state: unknown;
  readonly tensors: readonly { readonly part: string; readonly name: string; readonly shape: readonly number[] }[];
}

async function encode({ state, parts }: CheckpointContents): Promise<Uint8Array<ArrayBuffer>[]> {
  const tensors = Object.entries(parts).flatMap(([part, list]) => list.map((tensor) => ({ ...tensor, part })));
  const header: Header = { state, tensors: tensors.map(({ part, name, shape }) => ({ part, name, shape })) };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, BigInt(json.length), true);
  const pieces: Uint8Array<ArrayBuffer>[] = [start, json];
  for (const { read } of tensors) pieces.push(new Uint8Array(Float32Array.from(await read()).buffer));
  return pieces;
}

function decode(name: string, bytes: Uint8Array): OpenCheckpoint {
  const { header, end } = readHeader(name, bytes);
  const places = new Map<string, { readonly shape: readonly number[]; readonly from: number; readonly to: number }>();
  let at = end;
  for (const { part, name, shape } of header.tensors) {
    const to = at + 4 * shape.reduce((product, size) => product * size, 1);
    places.set(`${part}/${name}`, { shape, from: at, to });
    at = to;
  }
  if (at !== bytes.length) throw unreadable(name, `it has ${bytes.length} bytes of ${at}`);
  return {
    name,
    state: stateOf(name, header),
    tensors: async (part) => ({
      shape: (tensor) => places.get(`${part}/${tensor}`)?.shape,
      async read(tensor) {
        const place = places.get(`${part}/${tensor}`);
        if (place === undefined) throw unreadable(name, `it lacks ${tensor}`);
        return new Float32Array(bytes.slice(place.from, place.to).buffer);
      },
    }),
    close: async () => undefined,
  };
}

function stateOf(name: string, { state }: Header): CheckpointState {
  return parseCheckpointState(JSON.stringify(state), name);
}

function readHeader(name: string, bytes: Uint8Array): { header: Header; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length < 8 ? Number.POSITIVE_INFINITY : 8 + Number(view.getBigUint64(0, true));
  if (end > bytes.length) throw unreadable(name, 'it ends within its header');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, end)));
  } catch (cause) {
    throw unreadable(name, 'its header is not JSON', cause);
  }
  if (!isHeader(header)) throw unreadable(name, 'its header lacks the state or the tensors');
  return { header, end };
}

function isHeader(value: unknown): value is Header {
  return isObject(value) && isObject(value.state) && Array.isArray(value.tensors) && value.tensors.every(isPlace);
}

function isPlace(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { part, name, shape } = value;
  return (
    typeof part === 'string' &&
    typeof name === 'string' &&
    Array.isArray(shape) &&
    shape.every((size) => Number.isSafeInteger(size) && size >= 0)
  );
}
