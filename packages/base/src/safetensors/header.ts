import type { ByteFile } from '../bytes/byte-file.js';
import { DpoError } from '../error.js';
import { duplicateKey, isObject } from '../json-object.js';
import { quoted } from '../printable.js';
import { checkDisguise } from './disguise.js';

/** The number types of the safetensors format, and their sizes in bytes. */
const dtypeBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  C64: 8,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
} as const;

/** A number type of the safetensors format. */
export type SafetensorsDtype = keyof typeof dtypeBytes;

/** A tensor of a safetensors file. */
export interface SafetensorsEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** The tensor's bytes in the file. */
  readonly byteLength: number;
}

/** A tensor with its position, counted from the start of the file. */
export interface PlacedEntry extends SafetensorsEntry {
  readonly offset: number;
}

/** The checked header of one safetensors file. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, PlacedEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's limit on the header, which every reader observes. */
const headerLimit = 100_000_000;

/**
 * Reads and checks the header of a safetensors file: 8 bytes with its length (little-endian), then JSON, then data.
 * A number of the file is checked against the file's size before memory is allocated by it.
 *
 * @throws DpoError `model.truncated-file` when the file is shorter than its header says, `model.bad-safetensors` for any other
 * fault; both name the file and, for a fault of a tensor, the tensor
 */
export async function readSafetensorsHeader(file: ByteFile): Promise<SafetensorsHeader> {
  const bad = (what: string, tensor?: string): DpoError => badSafetensors(file.path, what, tensor);
  await checkDisguise(file);
  if (file.size < 8) throw bad(`it is too short for a safetensors file (${file.size} bytes)`);
  const start = await file.read(0, 8);
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > headerLimit)
    throw bad(`its header would have ${length} bytes, and the format's limit is ${headerLimit}`);
  const headerBytes = Number(length);
  if (headerBytes > file.size - 8) throw cutShort(file, `a header of ${headerBytes} bytes`, 8 + headerBytes);

  const header = parseHeader(await file.read(8, headerBytes), bad);
  const dataStart = 8 + headerBytes;
  const tensors = new Map<string, PlacedEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(value, bad);
    else tensors.set(name, parseEntry(name, value, dataStart, bad));
  }
  checkPlaces(file, tensors, dataStart, bad);
  return { tensors, metadata };
}

/** The error for a safetensors file that is not valid. */
export function badSafetensors(path: string, what: string, tensor?: string): DpoError {
  const subject = tensor === undefined ? path : `${path}, tensor "${tensor}"`;
  return new DpoError('model.bad-safetensors', `${subject}: ${what}.`, {
    values: { path, ...(tensor === undefined ? {} : { tensor }) },
    hint: 'The file is damaged or is not in the safetensors format: fetch or convert it again.',
  });
}

type Bad = (what: string, tensor?: string) => DpoError;

function parseHeader(bytes: Uint8Array, bad: Bad): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw bad('its header is not JSON');
  }
  if (!isObject(header)) throw bad('its header is not a JSON object');
  const twice = duplicateKey(text);
  if (twice !== undefined) throw bad(`its header has the key "${twice}" twice`);
  return header;
}

function parseMetadata(value: unknown, bad: Bad): Record<string, string> {
  if (!isObject(value)) throw bad('its __metadata__ is not an object');
  const metadata: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw bad(`its __metadata__ "${key}" is not a text`);
    metadata[key] = text;
  }
  return metadata;
}

function parseEntry(name: string, value: unknown, dataStart: number, bad: Bad): PlacedEntry {
  if (!isObject(value)) throw bad('its entry is not an object', name);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeBytes, dtype)) {
    throw bad(`its dtype ${quoted(dtype)} is none of ${Object.keys(dtypeBytes).join(', ')}`, name);
  }
  if (!isCounts(shape)) throw bad(`its shape ${quoted(shape)} is not a list of sizes`, name);
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw bad(`its data_offsets ${quoted(offsets)} are not two byte positions`, name);
  }
  const [begin, end] = offsets as [number, number];
  if (end < begin) throw bad(`its data ends (${end}) before it begins (${begin})`, name);
  const byteLength = sizeOf(shape) * dtypeBytes[dtype as SafetensorsDtype];
  if (byteLength !== end - begin) {
    throw bad(
      `its shape [${shape.join(', ')}] of ${dtype} needs ${byteLength} bytes, its place has ${end - begin}`,
      name,
    );
  }
  return { dtype: dtype as SafetensorsDtype, shape, byteLength, offset: dataStart + begin };
}

/** The number of elements of a shape. A huge product loses digits, and then equals no size of a real file. */
function sizeOf(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

/** Checks that the tensors fill the data without overlaps and holes. */
function checkPlaces(file: ByteFile, tensors: Map<string, PlacedEntry>, dataStart: number, bad: Bad): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = dataStart;
  let previous = '';
  for (const [name, entry] of inOrder) {
    if (entry.offset < end) throw bad(`its data overlap the data of "${previous}"`, name);
    if (entry.offset > end) throw bad(`${entry.offset - end} bytes before its data belong to no tensor`, name);
    end = entry.offset + entry.byteLength;
    if (end > file.size) throw cutShort(file, `tensor "${name}"`, end, name);
    previous = name;
  }
  if (end < file.size) throw bad(`the last ${file.size - end} bytes belong to no tensor`);
}

function cutShort(file: ByteFile, what: string, bytes: number, tensor?: string): DpoError {
  return new DpoError(
    'model.truncated-file',
    `${file.path} ends too early: ${what} needs ${bytes} bytes, the file has ${file.size}.`,
    {
      values: { path: file.path, size: file.size, needed: bytes, ...(tensor === undefined ? {} : { tensor }) },
      hint: 'The file was not copied or downloaded whole: fetch it again.',
    },
  );
}
