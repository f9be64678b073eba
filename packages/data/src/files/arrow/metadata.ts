import { type FlatTable, flatRoot } from './_flatbuffer.js';

/** A column, or a part of one, as far as its place in a record batch depends on it. */
export interface ArrowField {
  /** Undefined where the file gives none. */
  readonly name: string | undefined;
  readonly layout: Layout;
  readonly children: readonly ArrowField[];
  /** Of a dictionary-encoded column: the dictionary's number and what its values are. The layout is then that of the indices. */
  readonly dictionary?: { readonly id: number; readonly values: ArrowField } | undefined;
}

/** Which buffers a column has, and how long these are. */
export type Layout =
  | { readonly kind: 'null' | 'struct' }
  /** Values of so many bits each. */
  | { readonly kind: 'fixed'; readonly bits: number }
  /** Texts or bytes with offsets, and lists. */
  | { readonly kind: 'bytes' | 'list'; readonly offsetBits: 32 | 64 }
  /** Texts or bytes that lie in the views themselves or in buffers of their own. */
  | { readonly kind: 'views' }
  | { readonly kind: 'fixed-list'; readonly size: number }
  | { readonly kind: 'union'; readonly dense: boolean };

/** A record batch's table of contents. Positions count from the start of the body. */
export interface BatchContents {
  readonly rows: number;
  readonly nodes: readonly { readonly length: number; readonly nulls: number }[];
  readonly buffers: readonly { readonly offset: number; readonly bytes: number }[];
  readonly compression: 'lz4' | 'zstd' | undefined;
  /** Buffers of each column of views. */
  readonly viewBuffers: readonly number[];
}

/** One message of the IPC format. */
export type ArrowMessage = { readonly version: number; readonly bodyBytes: number } & (
  | { readonly kind: 'schema'; readonly fields: readonly ArrowField[] }
  | { readonly kind: 'batch'; readonly batch: BatchContents }
  | { readonly kind: 'dictionary'; readonly id: number; readonly batch: BatchContents }
);

/** Where the footer of a file says that a message lies. */
export interface FooterBlock {
  readonly offset: number;
  readonly metadataBytes: number;
  readonly bodyBytes: number;
}

/** What the footer of the file format says. */
export interface ArrowFooter {
  readonly version: number;
  readonly fields: readonly ArrowField[];
  readonly dictionaries: readonly FooterBlock[];
  readonly batches: readonly FooterBlock[];
}

/** Deeper than any column of texts, and far from what a stack of calls can take. */
const DEEPEST = 64;
/** More than any dataset has: each costs an object or two wherever columns are gone through. */
const MOST_FIELDS = 100_000;

/**
 * Reads a message's metadata without trusting them: what the Arrow library is given afterwards has been read here once, with
 * each position and count held against the bytes there are. Throws a RangeError with the reason.
 *
 * Source: Message.fbs and Schema.fbs of the Arrow columnar format 1.5.
 */
export function readMessage(bytes: Uint8Array): ArrowMessage {
  const message = flatRoot(bytes);
  const version = readVersion(message);
  const header = message.table(2);
  const bodyBytes = message.long(3, 0);
  if (bodyBytes < 0) throw new RangeError(`a message has a body of ${bodyBytes} bytes`);
  checkTexts(message, 4);
  if (header === undefined) throw new RangeError('a message says nothing');
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

/** Reads the footer of a file without trusting it, as {@link readMessage} reads messages. */
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

/** Versions 4 and 5, which are the numbers 3 and 4: files since 2017. Buffers lay elsewhere before. */
function readVersion(table: FlatTable): number {
  const version = table.number(0, 16, 0);
  if (version === 3 || version === 4) return version;
  throw new RangeError(`it is of version ${version + 1} of the format, where 4 and 5 are read`);
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
  throw new RangeError(`its buffers are compressed in a way that is not known (${codec}, ${method})`);
}

function readSchema(table: FlatTable): ArrowField[] {
  if (table.number(0, 16, 0) !== 0) throw new RangeError('its numbers are big-endian, which is not read');
  checkTexts(table, 2);
  const budget = { fields: 0 };
  const fields = table.tables(1).map((field) => readField(field, budget, 0));
  fields.forEach(({ name }, i) => {
    if (name === undefined) throw new RangeError(`column ${i} has no name`);
  });
  return fields;
}

function readField(table: FlatTable, budget: { fields: number }, depth: number): ArrowField {
  if (++budget.fields > MOST_FIELDS) throw new RangeError(`it has more than ${MOST_FIELDS} columns`);
  if (depth > DEEPEST) throw new RangeError(`its columns are nested more than ${DEEPEST} deep`);
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

/** By the numbers of the types in Schema.fbs. Those not here (run ends, views of lists) are not read. */
const layouts: ReadonlyMap<number, ReadLayout> = new Map([
  [1, () => ({ kind: 'null' })],
  [2, (type) => ({ kind: 'fixed', bits: intBits(type.number(0, 32, 0)) })],
  [3, (type) => ({ kind: 'fixed', bits: oneOf(type.number(0, 16, 0), [16, 32, 64]) })],
  [4, bytes(32)],
  [5, bytes(32)],
  [6, fixed(1)],
  [7, (type) => ({ kind: 'fixed', bits: known(type.number(2, 32, 128), [128, 256]) })],
  [8, (type) => ({ kind: 'fixed', bits: oneOf(type.number(0, 16, 1), [32, 64]) })],
  [9, (type) => ({ kind: 'fixed', bits: known(type.number(1, 32, 32), [32, 64]) })],
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
  const read = layouts.get(number);
  if (read === undefined || type === undefined) {
    throw new RangeError(`column "${name}" is of a type that is not read (number ${number} of the format)`);
  }
  return read(type, children);
}

function intBits(bits: number): number {
  return known(bits, [8, 16, 32, 64]);
}

function known(value: number, values: readonly number[]): number {
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

/** Keys and values of metadata are texts within the bytes. */
function checkTexts(table: FlatTable, slot: number): void {
  for (const entry of table.tables(slot)) {
    entry.text(0);
    entry.text(1);
  }
}
