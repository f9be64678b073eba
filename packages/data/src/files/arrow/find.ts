import { Message, type Schema } from 'apache-arrow';
import { Footer } from 'apache-arrow/ipc/metadata/file';
import { type BatchShape, checkLayout } from './_layout.js';
import { type ArrowField, type ArrowMessage, type FooterBlock, readFooter, readMessage } from './metadata.js';
import { type Span, type SpanFile, truncatedFile } from './span-file.js';

/** A record batch's place in the file, and what the file's metadata say about the batch. */
export interface BatchSpan extends Span {
  readonly rows: number;
  /** The number of dictionaries that come before the batch. */
  readonly dictionaries: number;
}

/** The schema of an Arrow file, and the places of its dictionaries and record batches. */
export interface ArrowContents {
  readonly schema: Schema;
  readonly fields: readonly ArrowField[];
  readonly dictionaries: readonly Span[];
  readonly batches: readonly BatchSpan[];
  readonly compressed: boolean;
}

const MAGIC = new TextEncoder().encode('ARROW1');
/** Bytes at the beginning (the magic and two bytes of padding) and at the end (the footer's length and the magic). */
const ENDS = { head: 8, tail: 10 };
/** Metadata are read at once. More bytes than these describe no dataset. */
const MAX_METADATA_BYTES = 1 << 28;

/**
 * Finds schema, dictionaries and record batches of an Arrow IPC file, in the file format or the stream format, without
 * reading the batches. This function and {@link checkMessage} check everything that the Arrow library gets.
 *
 * @throws DpoError `data.truncated-file`, RangeError with the reason for a damaged file
 */
export async function findMessages(file: SpanFile, path: string): Promise<ArrowContents> {
  const { size } = file;
  if (size === 0) throw truncatedFile(path, size, 'it is empty');
  const head = await file.read({ offset: 0, bytes: Math.min(ENDS.head, size) });
  const isFile = isMagic(head.subarray(0, MAGIC.length));
  const collector = await (isFile ? findByFooter(file, size, path) : findInStream(file, size, path));
  checkDictionaries(collector);
  return collector;
}

/** The file format: the footer at its end lists schema, dictionaries and record batches. */
async function findByFooter(file: SpanFile, size: number, path: string): Promise<MessageCollector> {
  if (size < ENDS.head + ENDS.tail) throw truncatedFile(path, size, 'its footer is missing');
  const tail = await file.read({ offset: size - ENDS.tail, bytes: ENDS.tail });
  if (!isMagic(tail.subarray(4))) throw truncatedFile(path, size, 'its footer is missing');
  const bytes = int32(tail, 0);
  const offset = size - ENDS.tail - bytes;
  if (bytes <= 0 || offset < ENDS.head) throw new RangeError(`its footer says that it has ${bytes} bytes`);
  const metadata = await readMetadata(file, { offset, bytes });
  const footer = readFooter(metadata);
  checkBlocks([...footer.dictionaries, ...footer.batches], offset);

  const shape = { version: footer.version, fields: footer.fields };
  const { schema } = Footer.decode(metadata);
  const collector = new MessageCollector(schema, shape.fields);
  for (const block of footer.dictionaries) collector.add(await readBlock(file, block), spanOf(block));
  for (const block of footer.batches) collector.add(await readBlock(file, block), spanOf(block));
  return collector;
}

/** Checks that blocks lie one after another before the footer. A block named a million times would be read as often. */
function checkBlocks(blocks: readonly FooterBlock[], end: number): void {
  let start = ENDS.head;
  for (const { offset, metadataBytes, bodyBytes } of [...blocks].sort((a, b) => a.offset - b.offset)) {
    const next = offset + metadataBytes + bodyBytes;
    if (offset < start || metadataBytes < 8 || bodyBytes < 0 || next > end) {
      throw new RangeError(`its footer names bytes ${offset} to ${next}, and only ${start} to ${end} remain`);
    }
    start = next;
  }
}

function spanOf({ offset, metadataBytes, bodyBytes }: FooterBlock): Span {
  return { offset, bytes: metadataBytes + bodyBytes };
}

async function readBlock(file: SpanFile, { offset, metadataBytes, bodyBytes }: FooterBlock): Promise<ArrowMessage> {
  const head = await readMetadata(file, { offset, bytes: metadataBytes });
  const { start, bytes } = messageHead(head);
  if (start + bytes !== metadataBytes) throw new RangeError('its footer has another length than a message');
  const message = readMessage(head.subarray(start));
  if (message.bodyBytes !== bodyBytes) throw new RangeError('its footer has another length than a record batch');
  return message;
}

/** The stream format: one message after another, the schema first. */
async function findInStream(file: SpanFile, size: number, path: string): Promise<MessageCollector> {
  let collector: MessageCollector | undefined;
  for (let offset = 0; offset < size; ) {
    if (offset + 8 > size) throw truncatedFile(path, size, 'a message is cut off');
    const { start, bytes } = messageHead(await file.read({ offset, bytes: 8 }));
    if (bytes === 0) {
      if (collector === undefined) break;
      return collector;
    }
    if (bytes < 0 || (offset === 0 && bytes > size)) throw new RangeError('not an Arrow stream');
    if (offset + start + bytes > size) throw truncatedFile(path, size, 'a message is cut off');
    const metadata = await readMetadata(file, { offset: offset + start, bytes });
    const message = readMessage(metadata);
    const span = { offset, bytes: start + bytes + message.bodyBytes };
    if (offset + span.bytes > size) throw truncatedFile(path, size, 'a record batch is cut off');
    if (message.kind === 'schema') {
      if (collector !== undefined) throw new RangeError('it has two schemas');
      collector = new MessageCollector(Message.decode(metadata).header() as Schema, message.fields);
    } else if (collector === undefined) throw new RangeError('it does not begin with its schema');
    else collector.add(message, span);
    offset += span.bytes;
  }
  if (collector === undefined) throw new RangeError('no schema');
  throw truncatedFile(path, size, 'the end of the stream is missing');
}

class MessageCollector implements ArrowContents {
  readonly dictionaries: Span[] = [];
  readonly batches: BatchSpan[] = [];
  compressed = false;
  /** The numbers of the dictionaries so far. */
  readonly ids = new Set<number>();

  constructor(
    readonly schema: Schema,
    readonly fields: readonly ArrowField[],
  ) {}

  add(message: ArrowMessage, span: Span): void {
    checkMessage(message, this.fields);
    if (message.kind === 'schema') throw new RangeError('it has two schemas');
    this.compressed ||= message.batch.compression !== undefined;
    if (message.kind === 'batch') {
      this.batches.push({ ...span, rows: message.batch.rows, dictionaries: this.dictionaries.length });
    } else {
      this.dictionaries.push(span);
      this.ids.add(message.id);
    }
  }
}

/**
 * Checks the message of a dictionary or a record batch against the columns. With the body, compressed buffers are checked too.
 *
 * @throws RangeError with the reason
 */
export function checkMessage(message: ArrowMessage, fields: readonly ArrowField[], body?: Uint8Array): void {
  if (message.kind === 'schema') return;
  const { version, bodyBytes, batch } = message;
  checkLayout(batch, shapeOf(message, version, fields), bodyBytes, body);
}

function shapeOf(message: ArrowMessage, version: number, fields: readonly ArrowField[]): BatchShape {
  if (message.kind !== 'dictionary') return { version, fields };
  const values = dictionariesOf(fields).get(message.id);
  if (values === undefined) throw new RangeError(`it has a dictionary ${message.id} that no column uses`);
  return { version, fields: [values] };
}

/** The fields of the dictionaries' values, by the dictionaries' numbers. */
function dictionariesOf(fields: readonly ArrowField[], byId = new Map<number, ArrowField>()): Map<number, ArrowField> {
  for (const { children, dictionary } of fields) {
    dictionariesOf(children, byId);
    if (dictionary === undefined) continue;
    // The library uses the first column with this number.
    if (!byId.has(dictionary.id)) byId.set(dictionary.id, dictionary.values);
    dictionariesOf(dictionary.values.children, byId);
  }
  return byId;
}

function checkDictionaries({ batches, fields, ids }: MessageCollector): void {
  if (batches.length === 0) return;
  for (const id of dictionariesOf(fields).keys()) {
    if (!ids.has(id)) throw new RangeError(`its dictionary ${id} is missing`);
  }
}

/** The place of a message's metadata within the message. Files from before 2019 have no mark before the length. */
export function messageHead(bytes: Uint8Array): { readonly start: number; readonly bytes: number } {
  const hasMark = int32(bytes, 0) === -1;
  return { start: hasMark ? 8 : 4, bytes: int32(bytes, hasMark ? 4 : 0) };
}

/** @throws RangeError for a number that is not within the bytes */
function int32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(at, true);
}

function isMagic(bytes: Uint8Array): boolean {
  return bytes.length === MAGIC.length && MAGIC.every((byte, i) => bytes[i] === byte);
}

async function readMetadata(file: SpanFile, span: Span): Promise<Uint8Array> {
  if (span.bytes > MAX_METADATA_BYTES) throw new RangeError(`its metadata have ${span.bytes} bytes`);
  return file.read(span);
}
