import { DpoError } from '@dpo/base';
import type { ByteFile, ByteFolder } from '@dpo/base/bytes';
import { checkDisguise, roomFor } from '@dpo/base/safetensors';
import { badGguf, GgufCursor, type GgufValue } from './gguf-cursor.js';
import { type GgufType, ggufTypes, readableGgufTypes } from './gguf-types.js';

/** A GGUF file's description of a tensor. */
interface GgufEntry {
  /** `F32`, `Q4_1`, `Q6_K`, … */
  readonly dtype: string;
  /** Row-major sizes, the longest stride first. The file has them in reverse order. */
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** An open GGUF file, in its own names. */
export interface Gguf {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufEntry>;
  /**
   * A tensor's numbers as float32, dequantised, row-major. The result is a view of the beginning of `into` when `into` is large
   * enough.
   *
   * @throws {DpoError} `model.unknown-tensor`, `model.unsupported-dtype`
   */
  read(name: string, into?: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>>;
  close(): Promise<void>;
}

interface PlacedTensor extends GgufEntry {
  readonly type: GgufType;
  readonly offset: number;
}

/** How many bytes are dequantised at a time, rounded down to whole blocks. */
const chunkBytes = 1024 * 1024;

/**
 * Opens a GGUF file (versions 2 and 3, little-endian) and reads its metadata and the descriptions of its tensors. A number of the
 * file is checked against the file's size before anything is allocated by it.
 *
 * @throws {DpoError} `model.bad-gguf` and `model.truncated-file`, which name the file and, if there is one, the tensor.
 */
export async function openGguf(folder: ByteFolder, name: string): Promise<Gguf> {
  const file = await folder.open(name);
  const { path } = file;
  try {
    await checkDisguise(file);
    const cursor = new GgufCursor(file);
    await checkStart(cursor);
    const tensorCount = await cursor.countOf('tensors', 24);
    const metadata = await readMetadata(cursor);
    const tensors = await readTensors(cursor, tensorCount, alignmentOf(path, metadata));
    return {
      path,
      metadata,
      tensors,
      read: (name, into) => readTensor(file, tensors, name, into),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function checkStart(cursor: GgufCursor): Promise<void> {
  const { path, size } = cursor.file;
  // "GGUF" as a little-endian number.
  if (size < 24 || (await cursor.uint32()) !== 0x46554747) throw badGguf(path, 'it does not begin as a GGUF file does');
  const version = await cursor.uint32();
  if (version === 2 || version === 3) return;
  const swapped = version === 0x02000000 || version === 0x03000000;
  throw badGguf(path, swapped ? 'it is in big-endian order, which is not read' : `GGUF version ${version} is not read`);
}

async function readMetadata(cursor: GgufCursor): Promise<Map<string, GgufValue>> {
  const count = await cursor.countOf('metadata entries', 13);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = await cursor.text();
    if (metadata.has(key)) throw badGguf(cursor.file.path, `it has the metadata key "${key}" twice`, { key });
    metadata.set(key, await cursor.value(await cursor.uint32()));
  }
  return metadata;
}

function alignmentOf(path: string, metadata: ReadonlyMap<string, GgufValue>): number {
  const value = metadata.get('general.alignment') ?? 32;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 2 ** 20) {
    throw badGguf(path, `its alignment is absurd: ${String(value)}`);
  }
  return value;
}

async function readTensors(cursor: GgufCursor, count: number, alignment: number): Promise<Map<string, PlacedTensor>> {
  const { path } = cursor.file;
  const relative: [string, PlacedTensor][] = [];
  for (let i = 0; i < count; i++) {
    const name = await cursor.text();
    const dimensions = await cursor.uint32();
    if (dimensions > 4) throw badGguf(path, `tensor "${name}" has ${dimensions} dimensions`, { tensor: name });
    const shape: number[] = [];
    for (let d = 0; d < dimensions; d++) shape.unshift(await cursor.count(`a size of tensor "${name}"`));
    const number = await cursor.uint32();
    const type = ggufTypes.get(number);
    if (type === undefined) throw badGguf(path, `tensor "${name}" has the unknown type ${number}`, { tensor: name });
    const offset = await cursor.count(`the place of tensor "${name}"`);
    relative.push([name, { dtype: type.name, shape, byteLength: bytesOf(path, name, shape, type), type, offset }]);
  }
  const start = Math.ceil(cursor.position / alignment) * alignment;
  return placeTensors(cursor.file, relative, start);
}

function bytesOf(path: string, tensor: string, shape: readonly number[], type: GgufType): number {
  const width = shape.at(-1) ?? 1;
  if (width % type.block !== 0) {
    throw badGguf(path, `tensor "${tensor}" has rows of ${width}, ${type.name} has blocks of ${type.block}`, {
      tensor,
    });
  }
  const numbers = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(numbers * type.bytes)) {
    throw badGguf(path, `tensor "${tensor}" has an absurd shape [${shape.join(', ')}]`, { tensor });
  }
  return (numbers / type.block) * type.bytes;
}

/** Turns offsets within the data into offsets in the file, and checks that tensors are inside of the file and do not overlap. */
function placeTensors(
  file: ByteFile,
  relative: readonly [string, PlacedTensor][],
  start: number,
): Map<string, PlacedTensor> {
  const tensors = new Map<string, PlacedTensor>();
  let end = start;
  let previous = '';
  for (const [name, entry] of [...relative].sort(
    ([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength,
  )) {
    const offset = start + entry.offset;
    if (offset + entry.byteLength > file.size) {
      throw new DpoError('model.truncated-file', `${file.path} ends before the end of tensor "${name}".`, {
        values: { path: file.path, tensor: name, size: file.size, needed: offset + entry.byteLength },
        hint: 'The file was not copied or downloaded whole: fetch it again.',
      });
    }
    if (offset < end) throw badGguf(file.path, `tensor "${name}" overlaps "${previous}"`, { tensor: name });
    end = offset + entry.byteLength;
    previous = name;
  }
  for (const [name, entry] of relative) {
    if (tensors.has(name)) throw badGguf(file.path, `it has the tensor "${name}" twice`, { tensor: name });
    tensors.set(name, { ...entry, offset: start + entry.offset });
  }
  return tensors;
}

async function readTensor(
  file: ByteFile,
  tensors: ReadonlyMap<string, PlacedTensor>,
  name: string,
  into: Float32Array<ArrayBuffer> | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const entry = tensors.get(name);
  if (entry === undefined) {
    throw new DpoError('model.unknown-tensor', `${file.path} has no tensor "${name}".`, {
      values: { path: file.path, tensor: name },
    });
  }
  const { dequantise, block, bytes } = entry.type;
  if (dequantise === undefined) {
    throw new DpoError(
      'model.unsupported-dtype',
      `${file.path}, tensor "${name}": type ${entry.dtype} is not read; these are: ${readableGgufTypes.join(', ')}.`,
      {
        values: { path: file.path, tensor: name, dtype: entry.dtype },
        hint: 'Take another quantisation of the model.',
      },
    );
  }
  const values = roomFor((entry.byteLength / bytes) * block, into);
  const step = Math.floor(chunkBytes / bytes) * bytes;
  const chunk = new Uint8Array(Math.min(step, entry.byteLength));
  for (let start = 0; start < entry.byteLength; start += step) {
    const piece = chunk.subarray(0, Math.min(step, entry.byteLength - start));
    await file.readInto(entry.offset + start, piece);
    dequantise(piece, values, (start / bytes) * block);
  }
  return values;
}
