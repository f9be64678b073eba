import { Bool, type Data, DataType, Field, Float64, List, makeData, Struct, Utf8, Vector } from 'apache-arrow';
import { textReader, textRoom } from '#bytes';
import { boundedJson } from './bounded-json.js';
import type { Column } from './columns.js';

/** Reads a cell as a JavaScript value: a string, a number, a list or an object of these; `undefined` for null. */
export type CellReader = (row: number) => unknown;

/** Collects a column's values and turns them into Arrow data. */
export interface CellBuilder {
  append(value: unknown): void;
  /** The values since the last call. */
  finish(): Data;
}

/** The keys of messages in their order, and whether a key's values are stored as text or as JSON text. */
export type MessageLayout = ReadonlyMap<string, 'text' | 'json'>;

/**
 * Marks text as JSON: Arrow's own extension type, which Python's `datasets` reads as its feature `Json`. Only this type fits
 * values whose kind or keys differ from message to message.
 */
const jsonMetadata = new Map([
  ['ARROW:extension:name', 'arrow.json'],
  ['ARROW:extension:metadata', ''],
]);

/** True for a column or a key that holds JSON as text. */
export function isJsonField({ metadata }: Field): boolean {
  return metadata.get('ARROW:extension:name') === 'arrow.json';
}

function jsonField(name: string): Field {
  return new Field(name, new Utf8(), true, jsonMetadata);
}

/** The Arrow field of a column. Texts are lists of messages when a layout of messages is passed, and UTF-8 otherwise. */
export function arrowField(column: Column, messages: MessageLayout | undefined): Field {
  if (column.kind === 'variables') return jsonField(column.name);
  const text = (): DataType => (messages === undefined ? new Utf8() : listOf(messageType(messages)));
  const types: Record<Exclude<Column['kind'], 'variables'>, () => DataType> = {
    text,
    texts: () => listOf(text()),
    string: () => new Utf8(),
    number: () => new Float64(),
    numbers: () => listOf(new Float64()),
    boolean: () => new Bool(),
    // JSON text without the mark, which TRL takes for tools with every version of Python's `datasets`.
    tools: () => new Utf8(),
  };
  return new Field(column.name, types[column.kind](), true);
}

function messageType(layout: MessageLayout): Struct {
  return new Struct(
    [...layout].map(([name, kind]) => (kind === 'json' ? jsonField(name) : new Field(name, new Utf8(), true))),
  );
}

function listOf(type: DataType): List {
  return new List(new Field('item', type, true));
}

/** A reader of a column's cells that does not turn the whole column into objects. Objects lack the keys that hold null. */
export function cellReader(data: Data, field?: Field): CellReader {
  const valid = data.nullCount === 0 ? () => true : (row: number) => data.getValid(row);
  const plain = valueReader(data);
  const readCell = field !== undefined && isJsonField(field) ? (row: number) => fromJson(plain(row)) : plain;
  return (row) => (valid(row) ? readCell(row) : undefined);
}

/** The value that a JSON text spells. */
function fromJson(text: unknown): unknown {
  return typeof text === 'string' ? boundedJson(text) : text;
}

function valueReader(data: Data): CellReader {
  const { type } = data;
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) {
    const { values, valueOffsets } = data as Data<Utf8>;
    const text = textReader(values);
    return (row) => {
      const from = Number(valueOffsets[row]);
      const to = Number(valueOffsets[row + 1]);
      if (!(from >= 0 && from <= to && to <= values.length)) throw outside(row, from, to, values.length);
      return text(from, to);
    };
  }
  if (DataType.isList(type) || DataType.isLargeList(type)) {
    const { valueOffsets } = data as Data<List>;
    const items = data.children[0] as Data;
    const item = cellReader(items, type.children[0]);
    return (row) => {
      const [from, to] = span(valueOffsets, row, items.length);
      return Array.from({ length: to - from }, (_, i) => item(from + i));
    };
  }
  if (DataType.isStruct(type)) {
    const fields = type.children.map((field, i) => [field.name, cellReader(data.children[i] as Data, field)] as const);
    return (row) => {
      const entries: [string, unknown][] = [];
      for (const [name, readField] of fields) {
        const value = readField(row);
        if (value !== undefined && value !== null) entries.push([name, value]);
      }
      return Object.fromEntries(entries);
    };
  }
  const vector = new Vector([data]);
  return (row) => {
    const value: unknown = vector.get(row);
    return typeof value === 'bigint' ? Number(value) : value;
  };
}

/** The begin and the end of a cell of variable length. @throws RangeError when offsets lead out of the data: the file is broken */
function span(offsets: Int32Array | BigInt64Array, row: number, length: number): readonly [number, number] {
  const from = Number(offsets[row]);
  const to = Number(offsets[row + 1]);
  if (from >= 0 && from <= to && to <= length) return [from, to];
  throw outside(row, from, to, length);
}

function outside(row: number, from: number, to: number, length: number): RangeError {
  return new RangeError(`cell ${row} reaches from ${from} to ${to} of ${length}`);
}

/** A builder for the values of a field that {@link arrowField} made, or of a field within it. */
export function cellBuilder(field: Field): CellBuilder {
  const type: DataType = field.type;
  if (DataType.isUtf8(type)) return utf8Builder(type, isJsonField(field));
  if (DataType.isList(type)) return listBuilder(type);
  if (DataType.isStruct(type)) return structBuilder(type);
  if (DataType.isBool(type)) return boolBuilder(type);
  return float64Builder(new Float64());
}

/** Builds texts as they are and other values as JSON; with `json`, texts as JSON too. */
function utf8Builder(type: Utf8, json: boolean): CellBuilder {
  const texts = textRoom();
  const offsets = [0];
  const validity = validityBuilder();
  return {
    append(value) {
      if (validity.append(value))
        texts.append(json || typeof value === 'object' ? JSON.stringify(value) : String(value));
      offsets.push(texts.used);
    },
    finish() {
      const valueOffsets = Int32Array.from(offsets);
      offsets.length = 1;
      return makeData({
        type,
        length: valueOffsets.length - 1,
        valueOffsets,
        data: texts.take(),
        ...validity.finish(),
      });
    },
  };
}

function float64Builder(type: Float64): CellBuilder {
  const values: number[] = [];
  const validity = validityBuilder();
  return {
    append(value) {
      values.push(validity.append(value) ? Number(value) : 0);
    },
    finish() {
      const data = makeData({ type, length: values.length, data: Float64Array.from(values), ...validity.finish() });
      values.length = 0;
      return data;
    },
  };
}

function boolBuilder(type: Bool): CellBuilder {
  const values: boolean[] = [];
  const validity = validityBuilder();
  return {
    append(value) {
      values.push(validity.append(value) && value === true);
    },
    finish() {
      const bits = new Uint8Array(Math.ceil(values.length / 8));
      values.forEach((value, i) => {
        if (value) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
      });
      const data = makeData({ type, length: values.length, data: bits, ...validity.finish() });
      values.length = 0;
      return data;
    },
  };
}

function listBuilder(type: List): CellBuilder {
  const item = cellBuilder(type.children[0] ?? new Field('item', new Utf8(), true));
  const offsets = [0];
  const validity = validityBuilder();
  return {
    append(value) {
      const items: readonly unknown[] = validity.append(value) && Array.isArray(value) ? value : [];
      for (const value of items) item.append(value);
      offsets.push((offsets[offsets.length - 1] as number) + items.length);
    },
    finish() {
      const data = makeData({
        type,
        length: offsets.length - 1,
        valueOffsets: Int32Array.from(offsets),
        child: item.finish(),
        ...validity.finish(),
      });
      offsets.length = 1;
      return data;
    },
  };
}

function structBuilder(type: Struct): CellBuilder {
  const fields = type.children.map((field) => [field.name, cellBuilder(field)] as const);
  const validity = validityBuilder();
  let length = 0;
  return {
    append(value) {
      validity.append(value);
      const object = new Map(Object.entries(value ?? {}));
      for (const [name, builder] of fields) builder.append(object.get(name));
      length++;
    },
    finish() {
      const children = fields.map(([, builder]) => builder.finish());
      const data = makeData({ type, length, children, ...validity.finish() });
      length = 0;
      return data;
    },
  };
}

/** Collects which cells hold a value: one bit to a cell, and no bitmap when every cell does. */
function validityBuilder() {
  const missing: number[] = [];
  let length = 0;
  return {
    append(value: unknown): boolean {
      const present = value !== undefined && value !== null;
      if (!present) missing.push(length);
      length++;
      return present;
    },
    finish(): { nullCount: number; nullBitmap?: Uint8Array } {
      const nullCount = missing.length;
      if (nullCount === 0) {
        length = 0;
        return { nullCount };
      }
      const nullBitmap = new Uint8Array(Math.ceil(length / 8)).fill(0xff);
      for (const cell of missing) nullBitmap[cell >> 3] = (nullBitmap[cell >> 3] as number) & ~(1 << (cell & 7));
      missing.length = 0;
      length = 0;
      return { nullCount, nullBitmap };
    },
  };
}
