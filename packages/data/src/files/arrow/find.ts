import { Message, type Schema } from 'apache-arrow';
import { Footer } from 'apache-arrow/ipc/metadata/file';
import { type BatchShape, checkLayout } from './_layout.js';
import { type Span, type SpanFile, truncated } from './_spans.js';
import { type ArrowField, type ArrowMessage, type FooterBlock, readFooter, readMessage } from './metadata.js';

/** A record batch's place, and what is known of it before it is read. */
export interface BatchSpan extends Span {
  readonly rows: number;
  /** How many of the file's dictionaries come before it. */
  readonly dictionaries: number;
}

/** What lies where in an Arrow file. */
export interface Found {
  readonly schema: Schema;
  readonly fields: readonly ArrowField[];
  readonly dictionaries: readonly Span[];
  readonly batches: readonly BatchSpan[];
  readonly compressed: boolean;
}

const MAGIC = Buffer.from('ARROW1');
/** Before the footer's length and the magic at the end come the magic and two bytes at the beginning. */
const ENDS = { head: 8, tail: 10 };
/** Metadata of more bytes describe no dataset: they are read at once. */
const MOST_METADATA_BYTES = 1 << 28;

/**
 * Finds schema, dictionaries and record batches of an Arrow IPC file, in the file format or the stream format, without
 * reading the batches. All that the Arrow library will be given is checked here or by {@link checkMessage}.
 *
 * @throws DpoError `data.truncated-file`, RangeError with the reason for what is damaged
 */
export async function findMessages(file: SpanFile, path: string): Promise<Found> {
  const { size } = file;
  if (size === 0) throw truncated(path, size, 'it is empty');
  const head = await file.read({ offset: 0, bytes: Math.min(ENDS.head, size) });
  const isFile = head.subarray(0, MAGIC.length).equals(MAGIC);
  const found = await (isFile ? findByFooter(file, size, path) : findInStream(file, size, path));
  checkDictionaries(found);
  return found;
}

/** The file format: the footer at its end lists schema, dictionaries and record batches. */
async function findByFooter(file: SpanFile, size: number, path: string): Promise<FoundMessages> {
  if (size < ENDS.head + ENDS.tail) throw truncated(path, size, 'its footer is missing');
  const tail = await file.read({ offset: size - ENDS.tail, bytes: ENDS.tail });
  if (!tail.subarray(4).equals(MAGIC)) throw truncated(path, size, 'its footer is missing');
  const bytes = tail.readInt32LE(0);
  const offset = size - ENDS.tail - bytes;
  if (bytes <= 0 || offset < ENDS.head) throw new RangeError(`its footer says that it has ${bytes} bytes`);
  const metadata = await readMetadata(file, { offset, bytes });
  const footer = readFooter(metadata);
  checkBlocks([...footer.dictionaries, ...footer.batches], offset);

  const shape = { version: footer.version, fields: footer.fields };
  const { schema } = Footer.decode(metadata);
  const found = new FoundMessages(schema, shape.fields);
  for (const block of footer.dictionaries) found.add(await readBlock(file, block), spanOf(block));
  for (const block of footer.batches) found.add(await readBlock(file, block), spanOf(block));
  return found;
}

/** Blocks lie one after another before the footer: what is named twice would be read twice, or a million times. */
function checkBlocks(blocks: readonly FooterBlock[], end: number): void {
  let before = ENDS.head;
  for (const { offset, metadataBytes, bodyBytes } of [...blocks].sort((a, b) => a.offset - b.offset)) {
    const next = offset + metadataBytes + bodyBytes;
    if (offset < before || metadataBytes < 8 || bodyBytes < 0 || next > end) {
      throw new RangeError(`its footer names bytes ${offset} to ${next}, where ${before} to ${end} are left`);
    }
    before = next;
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
async function findInStream(file: SpanFile, size: number, path: string): Promise<FoundMessages> {
  let found: FoundMessages | undefined;
  for (let offset = 0; offset < size; ) {
    if (offset + 8 > size) throw truncated(path, size, 'a message is cut off');
    const { start, bytes } = messageHead(await file.read({ offset, bytes: 8 }));
    if (bytes === 0) {
      if (found === undefined) break;
      return found;
    }
    if (bytes < 0 || (offset === 0 && bytes > size)) throw new RangeError('not an Arrow stream');
    if (offset + start + bytes > size) throw truncated(path, size, 'a message is cut off');
    const metadata = await readMetadata(file, { offset: offset + start, bytes });
    const message = readMessage(metadata);
    const span = { offset, bytes: start + bytes + message.bodyBytes };
    if (offset + span.bytes > size) throw truncated(path, size, 'a record batch is cut off');
    if (message.kind === 'schema') {
      if (found !== undefined) throw new RangeError('it has two schemas');
      found = new FoundMessages(Message.decode(metadata).header() as Schema, message.fields);
    } else if (found === undefined) throw new RangeError('it does not begin with its schema');
    else found.add(message, span);
    offset += span.bytes;
  }
  if (found === undefined) throw new RangeError('no schema');
  throw truncated(path, size, 'the end of the stream is missing');
}

class FoundMessages implements Found {
  readonly dictionaries: Span[] = [];
  readonly batches: BatchSpan[] = [];
  compressed = false;
  /** Which dictionaries have come. */
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
 * Checks a dictionary's or record batch's message against the columns, with the body also what stands in compressed buffers.
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

/** What the values of each dictionary are, by number. */
function dictionariesOf(fields: readonly ArrowField[], found = new Map<number, ArrowField>()): Map<number, ArrowField> {
  for (const { children, dictionary } of fields) {
    dictionariesOf(children, found);
    if (dictionary === undefined) continue;
    // The library takes what the first column with this number says.
    if (!found.has(dictionary.id)) found.set(dictionary.id, dictionary.values);
    dictionariesOf(dictionary.values.children, found);
  }
  return found;
}

function checkDictionaries({ batches, fields, ids }: FoundMessages): void {
  if (batches.length === 0) return;
  for (const id of dictionariesOf(fields).keys()) {
    if (!ids.has(id)) throw new RangeError(`its dictionary ${id} is missing`);
  }
}

/** Where a message's metadata begin and how long they are: files from before 2019 have no mark before the length. */
export function messageHead(bytes: Buffer): { readonly start: number; readonly bytes: number } {
  const marked = bytes.readInt32LE(0) === -1;
  return { start: marked ? 8 : 4, bytes: bytes.readInt32LE(marked ? 4 : 0) };
}

async function readMetadata(file: SpanFile, span: Span): Promise<Buffer> {
  if (span.bytes > MOST_METADATA_BYTES) throw new RangeError(`its metadata have ${span.bytes} bytes`);
  return file.read(span);
}
