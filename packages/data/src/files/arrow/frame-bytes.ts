/** So many bytes may be unpacked at once, however few the packed bytes are. */
const UNPACKED_BYTES = 1 << 26;
/** Beyond that, the largest ratio of unpacked to packed bytes. No text compresses so well. */
const BEST_RATIO = 1000;

/** The largest number of bytes that packed bytes may become. Larger content was made to fill memory. */
export function maxUnpackedBytes(packedBytes: number): number {
  return Math.max(UNPACKED_BYTES, packedBytes * BEST_RATIO);
}

/** Bounds of the unpacked size of a compressed frame in bytes. The size is exact when both are equal. */
export interface FrameBytes {
  readonly least: number;
  readonly most: number;
}

/**
 * The unpacked size of a compressed frame, without unpacking. Libraries make room for the size that a frame claims or has, and
 * their native code ends the process when memory is too small.
 *
 * Sources: LZ4 frame format 1.6.4 and block format; RFC 8878 (Zstandard).
 * @throws RangeError for bytes that are no such frame
 */
export function frameBytes(frame: Uint8Array, kind: 'lz4' | 'zstd'): FrameBytes {
  const cursor = new Cursor(frame);
  return kind === 'lz4' ? lz4Frame(cursor) : zstdFrame(cursor);
}

/** Reads little-endian numbers, and never beyond the end. */
class Cursor {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** A number of up to 6 bytes. */
  number(bytes: number): number {
    const from = this.skip(bytes);
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + (this.bytes[from + i] as number);
    return value;
  }

  /** Skips so many bytes, and returns the position of the first. */
  skip(bytes: number): number {
    const from = this.#at;
    if (from + bytes > this.bytes.length) throw new RangeError('a compressed buffer is cut off');
    this.#at += bytes;
    return from;
  }

  take(bytes: number): Uint8Array {
    const from = this.skip(bytes);
    return this.bytes.subarray(from, from + bytes);
  }
}

/** A number of 64 bits. A number of more than 48 bits counts as infinite. */
function long(cursor: Cursor): number {
  const low = cursor.number(6);
  return cursor.number(2) === 0 ? low : Number.POSITIVE_INFINITY;
}

function lz4Frame(cursor: Cursor): FrameBytes {
  if (cursor.number(4) !== 0x184d2204) throw new RangeError('a compressed buffer is no LZ4 frame');
  const flags = cursor.number(1);
  const largest = lz4BlockBytes(cursor.number(1));
  const claim = flags & 0x08 ? long(cursor) : undefined;
  cursor.skip((flags & 0x01 ? 4 : 0) + 1);
  let total = 0;
  for (let head = cursor.number(4); head !== 0; head = cursor.number(4)) {
    const block = cursor.take(head % 2 ** 31);
    total += head >= 2 ** 31 ? block.length : lz4Block(block, largest);
    if (flags & 0x10) cursor.skip(4);
  }
  if (claim !== undefined && claim !== total) {
    throw new RangeError(`an LZ4 frame of ${total} bytes says that it has ${claim}`);
  }
  return { least: total, most: total };
}

function lz4BlockBytes(descriptor: number): number {
  const code = (descriptor >> 4) & 7;
  if (code < 4) throw new RangeError('an LZ4 frame has blocks of an unknown size');
  return 2 ** (8 + 2 * code);
}

/** Adds up the literals and matches of a block. */
function lz4Block(bytes: Uint8Array, largest: number): number {
  let total = 0;
  let at = 0;
  const more = (nibble: number): number => {
    let length = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; ) {
      byte = bytes[at++] ?? 0;
      length += byte;
    }
    return length;
  };
  while (at < bytes.length) {
    const token = bytes[at++] as number;
    const literals = more(token >> 4);
    total += literals;
    at += literals;
    if (at < bytes.length) {
      at += 2;
      total += more(token & 15) + 4;
    }
    if (total > largest) throw new RangeError(`an LZ4 block unpacks to more than ${largest} bytes`);
  }
  return total;
}

const ZSTD_BLOCK_BYTES = 1 << 17;

function zstdFrame(cursor: Cursor): FrameBytes {
  if (cursor.number(4) !== 0xfd2fb528) throw new RangeError('a compressed buffer is no Zstandard frame');
  const descriptor = cursor.number(1);
  const single = (descriptor & 0x20) !== 0;
  if (!single) cursor.skip(1);
  cursor.skip([0, 1, 2, 4][descriptor & 3] as number);
  const claim = zstdContent(cursor, descriptor >> 6, single);
  let [least, most] = [0, 0];
  for (let last = false; !last; ) {
    const head = cursor.number(3);
    const [kind, size] = [(head >> 1) & 3, head >> 3];
    last = (head & 1) === 1;
    // Kind 0 is a plain block, kind 1 one byte many times, kind 2 a compressed block.
    cursor.skip(kind === 1 ? 1 : size);
    if (kind === 3) throw new RangeError('a Zstandard block is of an unknown kind');
    least += kind === 2 ? 0 : size;
    most += kind === 2 ? ZSTD_BLOCK_BYTES : size;
  }
  if (claim === undefined) return { least, most };
  if (claim < least || claim > most) {
    throw new RangeError(`a Zstandard frame of at most ${most} bytes says that it has ${claim}`);
  }
  return { least: claim, most: claim };
}

/** The unpacked size that the frame claims; undefined when the frame does not say. */
function zstdContent(cursor: Cursor, flag: number, single: boolean): number | undefined {
  if (flag === 0) return single ? cursor.number(1) : undefined;
  if (flag === 1) return cursor.number(2) + 256;
  return flag === 2 ? cursor.number(4) : long(cursor);
}
