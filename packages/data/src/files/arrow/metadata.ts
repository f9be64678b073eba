import { type FlatTable, flatRoot } from './_flatbuffer.js';

/** A column or a part of a column: the facts that its place in a record batch depends on. */
export interface ArrowField {
  /** The name; undefined when the file has none. */
  readonly name: string | undefined;
  readonly layout: Layout;
  readonly children: readonly ArrowField[];
  /** For a dictionary-encoded column: the dictionary's number and the field of its values. `layout` is the indices' layout. */
  readonly dictionary?: { readonly id: number; readonly values: ArrowField } | undefined;
}

/** The kinds and lengths of a column's buffers. */
export type Layout =
  | { readonly kind: 'null' | 'struct' }
  /** Values of so many bits each. */
  | { readonly kind: 'fixed'; readonly bits: number }
  /** Texts, bytes and lists with offsets. */
  | { readonly kind: 'bytes' | 'list'; readonly offsetBits: 32 | 64 }
  /** Texts or bytes that lie in the views themselves, or in separate buffers. */
  | { readonly kind: 'views' }
  | { readonly kind: 'fixed-list'; readonly size: number }
  | { readonly kind: 'union'; readonly dense: boolean };

/** A record batch's table of contents. Positions count from the start of the body. */
export interface BatchContents {
  readonly rows: number;
  readonly nodes: readonly { readonly length: number; readonly nulls: number }[];
  readonly buffers: readonly { readonly offset: number; readonly bytes: number }[];
  readonly compression: 'lz4' | 'zstd' | undefined;
  /** The number of buffers of each column of views. */
  readonly viewBuffers: readonly number[];
}

/** One message of the IPC format. */
export type ArrowMessage = { readonly version: number; readonly bodyBytes: number } & (
  | { readonly kind: 'schema'; readonly fields: readonly ArrowField[] }
  | { readonly kind: 'batch'; readonly batch: BatchContents }
  | { readonly kind: 'dictionary'; readonly id: number; readonly batch: BatchContents }
);

/** The place of a message by the footer of a file. */
export interface FooterBlock {
  readonly offset: number;
  readonly metadataBytes: number;
  readonly bodyBytes: number;
}

/** The content of a file's footer. */
export interface ArrowFooter {
  readonly version: number;
  readonly fields: readonly ArrowField[];
  readonly dictionaries: readonly FooterBlock[];
  readonly batches: readonly FooterBlock[];
}

/** Deeper than any column of texts, and far below the limit of the call stack. */
const MAX_DEPTH = 64;
/** More columns than any dataset has. Each column costs an object or two in every pass over the columns. */
const MAX_FIELDS = 100_000;

/**
 * Reads a message's metadata without trusting them: each position and count is checked against the size of the bytes, before
 * the Arrow library gets the message.
 *
 * Source: Message.fbs and Schema.fbs of the Arrow columnar format 1.5.
 * @throws RangeError with the reason
 */
export function readMessage(bytes: Uint8Array): ArrowMessage {
  const message = flatRoot(bytes);
  const version = readVersion(message);
  const header = message.table(2);
  const bodyBytes = message.long(3, 0);
  if (bodyBytes < 0) throw new RangeError(`a message has a body of ${bodyBytes} bytes`);
  checkTexts(message, 4);
  if (header === undefined) throw new RangeError('a message has no header');
  switch (message.number(1, 8, 0)) {
    case 1:
      return { kind: 'schema', version, bodyBytes, fields: readSchema(header) };
    case 2: {
      const batch = header.table(1);
      if (batch === undefined) throw new RangeError('a dictionary has no values');
      return { kind: 'dictionary', version, bodyBytes, id: header.long(0, 0), batch: readBatch(batch) };
    }
    case 3:
      return { kind: 'batch', version, bodyBytes, batch: readBatch(header) };
    default:
      throw new RangeError('a message is neither schema, dictionary nor record batch');
  }
}

/** Reads the footer of a file without trusting it, as {@link readMessage} reads messages. @throws RangeError */
export function readFooter(bytes: Uint8Array): ArrowFooter {
  const footer = flatRoot(bytes);
  const schema = footer.table(1);
  if (schema === undefined) throw new RangeError('its footer has no schema');
  checkTexts(footer, 4);
  const blocks = (slot: number): FooterBlock[] => {
    const list = footer.structs(slot, 24);
    return Array.from({ length: list.count }, (_, i) => ({
      offset: list.long(i, 0),
      metadataBytes: list.int(i, 8),
      bodyBytes: list.long(i, 16),
    }));
  };
  return {
    version: readVersion(footer),
    fields: readSchema(schema),
    dictionaries: blocks(2),
    batches: blocks(3),
  };
}

/** The version: 4 or 5 (the numbers 3 and 4), of files since 2017. Older files have another order of buffers. */
function readVersion(table: FlatTable): number {
  const version = table.number(0, 16, 0);
  if (version === 3 || version === 4) return version;
  throw new RangeError(`it is of version ${version + 1} of the format, and only 4 and 5 can be read`);
}

function readBatch(table: FlatTable): BatchContents {
  const nodes = table.structs(1, 16);
  const buffers = table.structs(2, 16);
  const compression = table.table(3);
  const views = table.structs(4, 8);
  return {
    rows: table.long(0, 0),
    nodes: Array.from({ length: nodes.count }, (_, i) => ({ length: nodes.long(i, 0), nulls: nodes.long(i, 8) })),
    buffers: Array.from({ length: buffers.count }, (_, i) => ({
      offset: buffers.long(i, 0),
      bytes: buffers.long(i, 8),
    })),
    compression: compression === undefined ? undefined : readCompression(compression),
    viewBuffers: Array.from({ length: views.count }, (_, i) => views.long(i, 0)),
  };
}

function readCompression(table: FlatTable): 'lz4' | 'zstd' {
  const [codec, method] = [table.number(0, 8, 0), table.number(1, 8, 0)];
  if (method === 0 && codec === 0) return 'lz4';
  if (method === 0 && codec === 1) return 'zstd';
  throw new RangeError(`its buffers have an unknown compression (${codec}, ${method})`);
}

function readSchema(table: FlatTable): ArrowField[] {
  if (table.number(0, 16, 0) !== 0) throw new RangeError('its numbers are big-endian, which cannot be read');
  checkTexts(table, 2);
  const budget = { fields: 0 };
  const fields = table.tables(1).map((field) => readField(field, budget, 0));
  fields.forEach(({ name }, i) => {
    if (name === undefined) throw new RangeError(`column ${i} has no name`);
  });
  return fields;
}

function readField(table: FlatTable, budget: { fields: number }, depth: number): ArrowField {
  if (++budget.fields > MAX_FIELDS) throw new RangeError(`it has more than ${MAX_FIELDS} columns`);
  if (depth > MAX_DEPTH) throw new RangeError(`its columns are nested more than ${MAX_DEPTH} deep`);
  checkTexts(table, 6);
  const name = table.text(0);
  const children = table.tables(5).map((child) => readField(child, budget, depth + 1));
  const layout = readLayout(table, name, children);
  const values = { name, layout, children };
  const dictionary = table.table(4);
  if (dictionary === undefined) return values;
  const indices = dictionary.table(1);
  const bits = indices === undefined ? 32 : intBits(indices.number(0, 32, 0));
  return {
    name,
    layout: { kind: 'fixed', bits },
    children: [],
    dictionary: { id: dictionary.long(0, 0), values },
  };
}

type ReadLayout = (type: FlatTable, children: readonly ArrowField[]) => Layout;

const fixed =
  (bits: number): ReadLayout =>
  () => ({ kind: 'fixed', bits });
const bytes =
  (offsetBits: 32 | 64): ReadLayout =>
  () => ({ kind: 'bytes', offsetBits });
const list =
  (offsetBits: 32 | 64): ReadLayout =>
  (_, children) => {
    expectOne(children);
    return { kind: 'list', offsetBits };
  };

/** Layouts by the numbers of the types in Schema.fbs. Other types (run ends, views of lists) cannot be read. */
const layouts: ReadonlyMap<number, ReadLayout> = new Map([
  [1, () => ({ kind: 'null' })],
  [2, (type) => ({ kind: 'fixed', bits: intBits(type.number(0, 32, 0)) })],
  [3, (type) => ({ kind: 'fixed', bits: oneOf(type.number(0, 16, 0), [16, 32, 64]) })],
  [4, bytes(32)],
  [5, bytes(32)],
  [6, fixed(1)],
  [7, (type) => ({ kind: 'fixed', bits: checkBits(type.number(2, 32, 128), [128, 256]) })],
  [8, (type) => ({ kind: 'fixed', bits: oneOf(type.number(0, 16, 1), [32, 64]) })],
  [9, (type) => ({ kind: 'fixed', bits: checkBits(type.number(1, 32, 32), [32, 64]) })],
  [
    10,
    (type) => {
      type.text(1);
      return { kind: 'fixed', bits: 64 };
    },
  ],
  [11, (type) => ({ kind: 'fixed', bits: oneOf(type.number(0, 16, 0), [32, 64, 128]) })],
  [12, list(32)],
  [13, () => ({ kind: 'struct' })],
  [
    14,
    (type) => {
      type.structs(1, 4);
      return { kind: 'union', dense: oneOf(type.number(0, 16, 0), [0, 1]) === 1 };
    },
  ],
  [15, (type) => ({ kind: 'fixed', bits: 8 * atLeast(1, type.number(0, 32, 0)) })],
  [
    16,
    (type, children) => {
      expectOne(children);
      return { kind: 'fixed-list', size: atLeast(0, type.number(0, 32, 0)) };
    },
  ],
  [17, list(32)],
  [18, fixed(64)],
  [19, bytes(64)],
  [20, bytes(64)],
  [21, list(64)],
  [23, () => ({ kind: 'views' })],
  [24, () => ({ kind: 'views' })],
] satisfies [number, ReadLayout][]);

function readLayout(field: FlatTable, name: string | undefined, children: readonly ArrowField[]): Layout {
  const number = field.number(2, 8, 0);
  const type = field.table(3);
  const readType = layouts.get(number);
  if (readType === undefined || type === undefined) {
    throw new RangeError(`column "${name}" is of a type that cannot be read (number ${number} of the format)`);
  }
  return readType(type, children);
}

function intBits(bits: number): number {
  return checkBits(bits, [8, 16, 32, 64]);
}

function checkBits(value: number, values: readonly number[]): number {
  if (values.includes(value)) return value;
  throw new RangeError(`a column's values have ${value} bits`);
}

function oneOf(index: number, values: readonly number[]): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`a column's type has a kind ${index}, which does not exist`);
  return value;
}

function atLeast(least: number, value: number): number {
  if (value >= least) return value;
  throw new RangeError(`a column's values have a size of ${value}`);
}

function expectOne(children: readonly ArrowField[]): void {
  if (children.length !== 1) throw new RangeError(`a column of lists has ${children.length} kinds of items`);
}

/** Checks that keys and values of metadata are texts within the bytes. */
function checkTexts(table: FlatTable, slot: number): void {
  for (const entry of table.tables(slot)) {
    entry.text(0);
    entry.text(1);
  }
}
