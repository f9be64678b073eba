import { frameBytes, maxUnpackedBytes } from './frame-bytes.js';
import type { ArrowField, BatchContents, Layout } from './metadata.js';

/** The libraries index rows by 32 bits. */
const MAX_ROWS = 2 ** 31 - 1;
/** Bytes before each compressed buffer: the buffer's unpacked length. */
const PREFIX_BYTES = 8;

/** The columns and the format version of a batch. */
export interface BatchShape {
  readonly version: number;
  readonly fields: readonly ArrowField[];
}

/**
 * Checks that a record batch's nodes and buffers belong to the columns: counts add up, buffers lie in the body and are long
 * enough for their rows, and compressed buffers unpack to the lengths that they claim and fit into memory. Nothing is unpacked.
 *
 * @param body the batch's bytes; without them the content of compressed buffers is not checked
 * @throws RangeError with the reason
 */
export function checkLayout(
  batch: BatchContents,
  { version, fields }: BatchShape,
  bodyBytes: number,
  body?: Uint8Array,
): void {
  checkRows(batch, bodyBytes);
  const sizes = bufferSizes(batch, bodyBytes, body);
  const reader = new LayoutReader(batch, sizes, version);
  for (const field of fields) reader.column(field, batch.rows, batch.rows);
  reader.end();
}

function checkRows({ rows, compression }: BatchContents, bodyBytes: number): void {
  if (!(rows >= 0 && rows <= MAX_ROWS)) throw new RangeError(`a record batch says that it has ${rows} rows`);
  // A row with a value takes at least a bit.
  const most = 8 * (compression === undefined ? bodyBytes : maxUnpackedBytes(bodyBytes));
  if (rows > most) throw new RangeError(`a record batch says that it has ${rows} rows in ${bodyBytes} bytes`);
}

/** The unpacked length of each buffer; undefined for a compressed buffer without the body. */
function bufferSizes(
  { buffers, compression }: BatchContents,
  bodyBytes: number,
  body: Uint8Array | undefined,
): (number | undefined)[] {
  let total = 0;
  return buffers.map(({ offset, bytes }, i) => {
    if (!(offset >= 0 && bytes >= 0 && offset + bytes <= bodyBytes)) {
      throw new RangeError(`buffer ${i} reaches from byte ${offset} to ${offset + bytes} of ${bodyBytes}`);
    }
    if (compression === undefined || bytes === 0) return bytes;
    if (bytes < PREFIX_BYTES) throw new RangeError(`buffer ${i} is compressed and has ${bytes} bytes`);
    if (body === undefined) return undefined;
    const buffer = body.subarray(offset, offset + bytes);
    const size = unpackedSize(buffer, compression, i);
    total += size;
    if (total > maxUnpackedBytes(bodyBytes)) {
      throw new RangeError(`its buffers would unpack from ${bodyBytes} bytes to ${total} and more`);
    }
    return size;
  });
}

function unpackedSize(buffer: Uint8Array, compression: 'lz4' | 'zstd', index: number): number {
  const claim = Number(new DataView(buffer.buffer, buffer.byteOffset, PREFIX_BYTES).getBigInt64(0, true));
  const frame = buffer.subarray(PREFIX_BYTES);
  if (claim === -1) return frame.length;
  const { least, most } = frameBytes(frame, compression);
  if (claim < least || claim > most) {
    throw new RangeError(`buffer ${index} says that it unpacks to ${claim} bytes, which it does not`);
  }
  return claim;
}

/** Goes through columns in the order of the Arrow library's loader. Each column takes its nodes and buffers in turn. */
class LayoutReader {
  #node = 0;
  #buffer = 0;
  #views = 0;

  constructor(
    private readonly batch: BatchContents,
    private readonly sizes: readonly (number | undefined)[],
    private readonly version: number,
  ) {}

  /** Checks a column that has between `least` and `most` values. */
  column(field: ArrowField, least: number, most = MAX_ROWS): void {
    const { layout, children } = field;
    const node = this.batch.nodes[this.#node++];
    if (node === undefined) throw new RangeError(`column "${field.name}" has no length`);
    const { length, nulls } = node;
    if (!(length >= 0 && length <= MAX_ROWS && nulls >= 0 && nulls <= length)) {
      throw new RangeError(`column "${field.name}" has ${length} values, of which ${nulls} are missing`);
    }
    if (length < least || length > most) {
      throw new RangeError(`column "${field.name}" has ${length} values, and needs ${least}`);
    }
    if (layout.kind === 'null') return;
    // Unions had a bitmap of their own before version 5 (number 4) of the format.
    if (layout.kind !== 'union' || this.version < 4) this.#take(field, nulls > 0 ? Math.ceil(length / 8) : 0);
    switch (layout.kind) {
      case 'fixed':
        this.#take(field, Math.ceil((length * layout.bits) / 8));
        return;
      case 'bytes':
        this.#take(field, offsetBytes(length, layout.offsetBits));
        this.#take(field, 0);
        return;
      case 'list':
        this.#take(field, offsetBytes(length, layout.offsetBits));
        break;
      case 'views': {
        this.#take(field, length * 16);
        const count = this.batch.viewBuffers[this.#views++] ?? 0;
        if (!(count >= 0 && count <= this.batch.buffers.length)) throw new RangeError(`${count} buffers of views`);
        for (let i = 0; i < count; i++) this.#take(field, 0);
        return;
      }
      case 'union':
        this.#take(field, length);
        if (layout.dense) this.#take(field, length * 4);
        break;
    }
    for (const child of children) this.column(child, childRows(layout, length));
  }

  end(): void {
    const { nodes, buffers } = this.batch;
    if (this.#node === nodes.length && this.#buffer === buffers.length) return;
    throw new RangeError(
      `a record batch has ${nodes.length} columns and ${buffers.length} buffers, which are not those of its schema`,
    );
  }

  #take({ name }: ArrowField, least: number): void {
    const index = this.#buffer++;
    if (index >= this.sizes.length) throw new RangeError(`column "${name}" has too few buffers`);
    const size = this.sizes[index];
    if (size !== undefined && size < least) {
      throw new RangeError(`column "${name}" has a buffer of ${size} bytes, and its values need ${least}`);
    }
  }
}

function offsetBytes(length: number, bits: 32 | 64): number {
  return length === 0 ? 0 : ((length + 1) * bits) / 8;
}

/** The least number of values in each part of a nested column. Offsets into a part are checked later. */
function childRows(layout: Layout, length: number): number {
  if (layout.kind === 'struct' || (layout.kind === 'union' && !layout.dense)) return length;
  return layout.kind === 'fixed-list' ? length * layout.size : 0;
}
