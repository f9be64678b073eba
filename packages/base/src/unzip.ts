import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { DpoError } from './error.js';
import { asFileError } from './files.js';

/** A file in a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** The bytes of the file itself. */
  readonly size: number;
  /** The bytes of the file in the archive. */
  readonly compressedSize: number;
}

/** An open zip archive, such as a Python wheel. */
export interface ZipArchive {
  readonly path: string;
  /** The files by their names in the archive. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * Writes a file of the archive to `target`, which must not exist, and checks its length and checksum. Memory does not grow with
   * the size of the file. An error may leave a part of the target: extract to a temporary path and rename it.
   *
   * @param options.onProgress called with the number of bytes so far
   * @throws DpoError `zip.damaged`, and the errors of files; the signal's reason
   */
  extract(
    name: string,
    target: string,
    options?: { onProgress?: (bytes: number) => void; signal?: AbortSignal },
  ): Promise<void>;
  close(): Promise<void>;
}

interface DirectoryEntry extends ZipEntry {
  readonly method: number;
  readonly checksum: number;
  /** The position of the file's own header. */
  readonly offset: number;
}

/**
 * Opens a zip archive of any size (zip64 included) whose files are stored or deflated.
 * @throws DpoError `zip.damaged` for a file that is not a whole archive
 */
export async function openZip(path: string): Promise<ZipArchive> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw asFileError(error, path);
  });
  try {
    const entries = await readDirectory(file, path);
    return {
      path,
      entries,
      extract: (name, target, options = {}) => extract(file, path, entries, name, target, options),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function damagedArchive(path: string, what: string): DpoError {
  return new DpoError('zip.damaged', `${path}: ${what}.`, {
    values: { path },
    hint: 'The archive was not downloaded whole: fetch it again.',
  });
}

async function readAt(file: FileHandle, path: string, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead < length) throw damagedArchive(path, 'the archive ends too early');
  return buffer;
}

/** The list of files. The record at the archive's end says where the list is. */
async function readDirectory(file: FileHandle, path: string): Promise<Map<string, DirectoryEntry>> {
  const { size } = await file.stat();
  const tailLength = Math.min(size, 65557);
  const tail = await readAt(file, path, size - tailLength, tailLength);
  const end = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0 || end + 22 > tail.length) throw damagedArchive(path, 'it is no zip archive, or is cut short');
  let length = tail.readUInt32LE(end + 12);
  let start = tail.readUInt32LE(end + 16);
  if (start === 0xffffffff || length === 0xffffffff || tail.readUInt16LE(end + 10) === 0xffff) {
    const locator = end - 20;
    if (locator < 0 || tail.toString('latin1', locator, locator + 4) !== 'PK\x06\x07')
      throw damagedArchive(path, 'no directory');
    const record = await readAt(file, path, Number(tail.readBigUInt64LE(locator + 8)), 56);
    length = Number(record.readBigUInt64LE(40));
    start = Number(record.readBigUInt64LE(48));
  }
  if (start + length > size) throw damagedArchive(path, 'its directory lies beyond its end');
  return parseDirectory(await readAt(file, path, start, length), path);
}

function parseDirectory(bytes: Buffer, path: string): Map<string, DirectoryEntry> {
  const entries = new Map<string, DirectoryEntry>();
  for (let at = 0; at + 46 <= bytes.length; ) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) throw damagedArchive(path, 'its directory is broken');
    const nameLength = bytes.readUInt16LE(at + 28);
    const extraLength = bytes.readUInt16LE(at + 30);
    const next = at + 46 + nameLength + extraLength + bytes.readUInt16LE(at + 32);
    if (next > bytes.length) throw damagedArchive(path, 'its directory is broken');
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const wide = zip64Numbers(bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength));
    const number = (place: number): number => {
      const value = bytes.readUInt32LE(at + place);
      return value === 0xffffffff ? (wide.shift() ?? value) : value;
    };
    const size = number(24);
    const compressedSize = number(20);
    const offset = number(42);
    const method = bytes.readUInt16LE(at + 10);
    if (!name.endsWith('/')) {
      entries.set(name, { name, size, compressedSize, method, offset, checksum: bytes.readUInt32LE(at + 16) });
    }
    at = next;
  }
  return entries;
}

/** The 64-bit numbers in place of numbers too large for the directory, in the order: size, compressed size, offset. */
function zip64Numbers(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      const numbers: number[] = [];
      for (let i = at + 4; i + 8 <= Math.min(at + 4 + length, extra.length); i += 8) {
        numbers.push(Number(extra.readBigUInt64LE(i)));
      }
      return numbers;
    }
    at += 4 + length;
  }
  return [];
}

async function extract(
  file: FileHandle,
  path: string,
  entries: ReadonlyMap<string, DirectoryEntry>,
  name: string,
  target: string,
  options: { onProgress?: (bytes: number) => void; signal?: AbortSignal },
): Promise<void> {
  const entry = entries.get(name);
  if (entry === undefined) throw damagedArchive(path, `it has no file ${name}`);
  if (entry.method !== 0 && entry.method !== 8)
    throw damagedArchive(path, `${name} is packed by method ${entry.method}`);
  const header = await readAt(file, path, entry.offset, 30);
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const source = (): AsyncGenerator<Buffer> => pieces(file, path, start, entry.compressedSize);

  let bytes = 0;
  let checksum = 0;
  const output = await open(target, 'wx');
  try {
    const write = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > entry.size) throw damagedArchive(path, `${name} is longer than it says`);
        checksum = crc32(chunk, checksum);
        await output.writeFile(chunk);
        options.onProgress?.(bytes);
      }
    };
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    if (entry.method === 0) await pipeline(source, write, signal);
    else await pipeline(source, createInflateRaw({ chunkSize: 1024 * 1024 }), write, signal);
  } catch (error) {
    // An error of zlib means that the compressed data are damaged.
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw damagedArchive(path, `${name} cannot be unpacked`);
    }
    throw asFileError(error, target);
  } finally {
    await output.close();
  }
  if (bytes !== entry.size || checksum !== entry.checksum)
    throw damagedArchive(path, `${name} has another length or checksum than the directory says`);
}

async function* pieces(file: FileHandle, path: string, start: number, length: number): AsyncGenerator<Buffer> {
  const piece = 4 * 1024 * 1024;
  for (let done = 0; done < length; done += piece) {
    yield await readAt(file, path, start + done, Math.min(piece, length - done));
  }
}
