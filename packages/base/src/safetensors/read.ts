import type { ByteFile } from '../bytes/byte-file.js';
import type { ByteFolder } from '../bytes/byte-folder.js';
import { DpoError } from '../error.js';
import { type FloatDtype, floatBytes, roomFor, widen } from '../floats.js';
import { duplicateKey, isObject, parseJsonObject } from '../json-object.js';
import { badSafetensors, type PlacedEntry, readSafetensorsHeader, type SafetensorsEntry } from './header.js';

/** Open safetensors weights: one file, or several files with an index. */
export interface Safetensors {
  /** The file or index that was opened. */
  readonly path: string;
  /** The files that hold the tensors. */
  readonly files: readonly string[];
  /** The tensors by their names. */
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  /** `__metadata__` of the file, or of the first of several files. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * A tensor's numbers as float32, row-major. F32, F16 and BF16 are exact, F64 is rounded.
   * @param into an array to fill, when it is large enough; the result is then a view of its beginning
   * @throws DpoError `model.unknown-tensor`; `model.unsupported-dtype` for types that are not floats
   */
  read(name: string, into?: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>>;
  /** The bytes of a tensor of any type, as in the file (little-endian). @throws DpoError `model.unknown-tensor` */
  readBytes(name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The names of weights in a folder, in the order in which transformers looks for them. */
const indexName = 'model.safetensors.index.json';
const weightNames = ['model.safetensors', indexName, 'adapter_model.safetensors'] as const;

const floatDtypes: Readonly<Record<string, FloatDtype>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F64: 'float64',
};

/** The number of bytes that are converted at a time, so that reading a tensor needs no second copy of the tensor. */
const chunkBytes = 1024 * 1024;

/**
 * Opens the safetensors weights of a folder. Only headers are read here, so that files of any size open at once; `read` reads a
 * tensor by its position.
 *
 * @param file a `.safetensors` file, or a `…safetensors.index.json`. Default: the weights that the folder has
 * @throws DpoError `model.no-weights`, `model.bad-safetensors`, `model.truncated-file`, `model.missing-shard`
 */
export async function openSafetensorsIn(folder: ByteFolder, file?: string): Promise<Safetensors> {
  const name = file ?? (await weightsName(folder));
  return name.endsWith('.json') ? openSharded(folder, name) : openFiles(folder, name, [name]);
}

async function weightsName(folder: ByteFolder): Promise<string> {
  for (const name of weightNames) if (await folder.has(name)) return name;
  throw new DpoError('model.no-weights', `${folder.path} has neither model.safetensors nor ${indexName}.`, {
    values: { path: folder.path },
  });
}

async function openSharded(folder: ByteFolder, index: string): Promise<Safetensors> {
  const path = folder.pathOf(index);
  const text = await folder.text(index);
  if (text === undefined) throw badSafetensors(path, 'it is missing');
  const map = parseJsonObject(text, path).weight_map;
  if (!isObject(map)) throw badSafetensors(path, 'it has no weight_map');
  const twice = duplicateKey(text);
  if (twice !== undefined) throw badSafetensors(path, `it has the key "${twice}" twice`);
  const places = new Map<string, string>();
  for (const [name, file] of Object.entries(map)) {
    // A shard lies beside its index. Any other path could lead out of the folder.
    if (typeof file !== 'string' || /[\\/]/.test(file) || !file.endsWith('.safetensors')) {
      throw badSafetensors(path, `its file ${JSON.stringify(file)} is not the name of a safetensors file`, name);
    }
    places.set(name, file);
  }
  return openFiles(folder, index, [...new Set(places.values())].sort(), places);
}

interface ShardEntry extends PlacedEntry {
  readonly file: ByteFile;
}

/**
 * @param places the file of each tensor by the index of a sharded model. Tensors that are not in the index are ignored, as every
 * other reader does. Tensors in the index must be in the file that the index says.
 */
async function openFiles(
  folder: ByteFolder,
  name: string,
  shards: readonly string[],
  places?: ReadonlyMap<string, string>,
): Promise<Safetensors> {
  const path = folder.pathOf(name);
  const shardFiles: ByteFile[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(shardFiles.map((file) => file.close()));
  };
  try {
    const tensors = new Map<string, ShardEntry>();
    let metadata: Readonly<Record<string, string>> | undefined;
    for (const shard of shards) {
      const file = await openShard(folder, shard, name);
      shardFiles.push(file);
      const header = await readSafetensorsHeader(file);
      metadata ??= header.metadata;
      for (const [name, entry] of header.tensors) {
        if (places === undefined || places.get(name) === shard) tensors.set(name, { ...entry, file });
      }
    }
    for (const [name, file] of places ?? []) {
      if (!tensors.has(name)) throw badSafetensors(path, `${file} does not have this tensor`, name);
    }
    const files = shards.map((shard) => folder.pathOf(shard));
    return { path, files, tensors, metadata: metadata ?? {}, ...readers(path, tensors), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openShard(folder: ByteFolder, shard: string, index: string): Promise<ByteFile> {
  try {
    return await folder.open(shard);
  } catch (error) {
    if (shard === index || !DpoError.is(error, 'file.not-found')) throw error;
    const path = folder.pathOf(index);
    throw new DpoError('model.missing-shard', `${path} names ${shard}, which is missing.`, {
      values: { path, file: shard },
      hint: 'Fetch the missing file, or the model again.',
      cause: error,
    });
  }
}

function readers(path: string, tensors: ReadonlyMap<string, ShardEntry>): Pick<Safetensors, 'read' | 'readBytes'> {
  const entryOf = (name: string): ShardEntry => {
    const entry = tensors.get(name);
    if (entry !== undefined) return entry;
    throw new DpoError('model.unknown-tensor', `${path} has no tensor "${name}".`, { values: { path, tensor: name } });
  };
  return {
    async read(name, into) {
      const entry = entryOf(name);
      const dtype = floatDtypes[entry.dtype];
      if (dtype === undefined) {
        throw new DpoError(
          'model.unsupported-dtype',
          `${path}, tensor "${name}": ${entry.dtype} cannot be read as weights; F32, F16, BF16 and F64 can.`,
          { values: { path, tensor: name, dtype: entry.dtype } },
        );
      }
      return readFloats(entry, dtype, into);
    },
    async readBytes(name) {
      const entry = entryOf(name);
      return entry.file.read(entry.offset, entry.byteLength);
    },
  };
}

async function readFloats(
  entry: ShardEntry,
  dtype: FloatDtype,
  into: Float32Array<ArrayBuffer> | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const size = floatBytes[dtype];
  const values = roomFor(entry.byteLength / size, into);
  if (dtype === 'float32') {
    await entry.file.readInto(entry.offset, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return values;
  }
  const chunk = new Uint8Array(Math.min(chunkBytes, entry.byteLength));
  for (let done = 0; done < entry.byteLength; done += chunkBytes) {
    const bytes = chunk.subarray(0, Math.min(chunkBytes, entry.byteLength - done));
    await entry.file.readInto(entry.offset + done, bytes);
    widen(bytes, dtype, values, done / size);
  }
  return values;
}
