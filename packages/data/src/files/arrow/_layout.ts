import { frameBytes, mostUnpacked } from './frame-bytes.js';
import type { ArrowField, BatchContents, Layout } from './metadata.js';

/** The libraries index rows by 32 bits. */
const MOST_ROWS = 2 ** 31 - 1;
/** Before each compressed buffer stands the length that it will have. */
const PREFIX_BYTES = 8;

/** The columns and format version that a batch is laid out by. */
export interface BatchShape {
  readonly version: number;
  readonly fields: readonly ArrowField[];
}

/**
 * Checks that a record batch's nodes and buffers are those of the columns: counts add up, buffers lie in the body and are as
 * long as their rows need, and compressed ones unpack to what they say and to no more than memory takes. Nothing is unpacked.
 *
 * @param body the batch's bytes; without them what stands in compressed buffers is left for later
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
  if (!(rows >= 0 && rows <= MOST_ROWS)) throw new RangeError(`a record batch says that it has ${rows} rows`);
  // A row takes a bit at least, where it has a value at all.
  const most = 8 * (compression === undefined ? bodyBytes : mostUnpacked(bodyBytes));
  if (rows > most) throw new RangeError(`a record batch says that it has ${rows} rows in ${bodyBytes} bytes`);
}

/** The length of each buffer once it is unpacked; undefined where that is not known without the body. */
function bufferSizes(
  { buffers, compression }: BatchContents,
  bodyBytes: number,
  body: Uint8Array | undefined,
): (number | undefined)[] {
  let unpacked = 0;
  return buffers.map(({ offset, bytes }, i) => {
    if (!(offset >= 0 && bytes >= 0 && offset + bytes <= bodyBytes)) {
      throw new RangeError(`buffer ${i} reaches from byte ${offset} to ${offset + bytes} of ${bodyBytes}`);
    }
    if (compression === undefined || bytes === 0) return bytes;
    if (bytes < PREFIX_BYTES) throw new RangeError(`buffer ${i} is compressed and has ${bytes} bytes`);
    if (body === undefined) return undefined;
    const packed = body.subarray(offset, offset + bytes);
    const size = unpackedSize(packed, compression, i);
    unpacked += size;
    if (unpacked > mostUnpacked(bodyBytes)) {
      throw new RangeError(`its buffers would unpack from ${bodyBytes} bytes to ${unpacked} and more`);
    }
    return size;
  });
}

function unpackedSize(packed: Uint8Array, compression: 'lz4' | 'zstd', index: number): number {
  const claimed = Number(new DataView(packed.buffer, packed.byteOffset, PREFIX_BYTES).getBigInt64(0, true));
  const frame = packed.subarray(PREFIX_BYTES);
  if (claimed === -1) return frame.length;
  const { least, most } = frameBytes(frame, compression);
  if (claimed < least || claimed > most) {
    throw new RangeError(`buffer ${index} says that it unpacks to ${claimed} bytes, which it does not`);
  }
  return claimed;
}

/** Goes through columns as the Arrow library's loader does, each taking its nodes and buffers in turn. */
class LayoutReader {
  #node = 0;
  #buffer = 0;
  #views = 0;

  constructor(
    private readonly batch: BatchContents,
    private readonly sizes: readonly (number | undefined)[],
    private readonly version: number,
  ) {}

  /** @param least and @param most how many values the column may have */
  column(field: ArrowField, least: number, most = MOST_ROWS): void {
    const { layout, children } = field;
    const node = this.batch.nodes[this.#node++];
    if (node === undefined) throw new RangeError(`column "${field.name}" has no length`);
    const { length, nulls } = node;
    if (!(length >= 0 && length <= MOST_ROWS && nulls >= 0 && nulls <= length)) {
      throw new RangeError(`column "${field.name}" has ${length} values, of which ${nulls} are missing`);
    }
    if (length < least || length > most) {
      throw new RangeError(`column "${field.name}" has ${length} values where ${least} are needed`);
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
    throw new RangeError(`a record batch has ${nodes.length} columns and ${buffers.length} buffers, its schema others`);
  }

  #take({ name }: ArrowField, needed: number): void {
    const index = this.#buffer++;
    if (index >= this.sizes.length) throw new RangeError(`column "${name}" has too few buffers`);
    const size = this.sizes[index];
    if (size !== undefined && size < needed) {
      throw new RangeError(`column "${name}" has a buffer of ${size} bytes where its values need ${needed}`);
    }
  }
}

function offsetBytes(length: number, bits: 32 | 64): number {
  return length === 0 ? 0 : ((length + 1) * bits) / 8;
}

/** The values that each part of a nested column has at least; where offsets lead into a part, what they say is checked later. */
function childRows(layout: Layout, length: number): number {
  if (layout.kind === 'struct' || (layout.kind === 'union' && !layout.dense)) return length;
  return layout.kind === 'fixed-list' ? length * layout.size : 0;
}
