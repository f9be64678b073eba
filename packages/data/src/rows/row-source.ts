import { makeData, RecordBatch, Schema, Struct } from 'apache-arrow';
import { MessageShapes } from './_message-shapes.js';
import { type CellBuilder, cellBuilder } from './arrow-columns.js';
import { emptyDataset } from './dataset.js';
import type { GrowingDigest } from './fingerprint.js';
import type { FileRecord } from './parse-values.js';
import { peek } from './peek.js';
import type { RowFormat } from './row-format.js';
import { arrowSchema } from './schema.js';

/** Rows that can be read more than once, a chunk at a time. */
export interface RowSource<Row> {
  readonly path?: string | undefined;
  /** The line that a row was read from, by the row's number. Available after the row was read. */
  lineOf?(row: number): number | undefined;
  /** The row's number among all rows of the file, skipped rows included. Available after the rows were read. */
  numberOf?(row: number): number;
  /** The rows from the first to the last. */
  chunks(): AsyncIterable<readonly Row[]>;
}

/** Rows in a record batch, as many as Python's `datasets` writes. */
const ROWS_PER_BATCH = 1000;
/** A record batch is closed early when its texts reach about this many UTF-16 units. */
const UNITS_PER_BATCH = 1 << 25;

/** A row has a column that the rows before it lacked, or one of its messages has a key that their messages lacked. */
class WiderRow extends Error {
  constructor(readonly names: readonly string[]) {
    super('a row does not fit into the columns of the rows before it');
  }
}

/**
 * Calls `use` with the schema of the rows and with the rows as record batches. The schema has the optional columns that rows
 * have: those of the first chunk at first. When a later row brings another column, or a message another key, `use` is called
 * again from the start, with a wider schema.
 * @throws DpoError `data.empty-dataset` without a row
 */
export async function withRecordBatches<Row, Result>(
  format: RowFormat<Row>,
  source: RowSource<Row>,
  metadata: (schema: Schema) => Readonly<Record<string, string>>,
  use: (schema: Schema, batches: AsyncIterable<RecordBatch>) => Promise<Result>,
): Promise<Result> {
  const names = new Set(format.columns.filter(({ required }) => required).map(({ name }) => name));
  const { first, all, close } = await peek(filledChunks(source));
  try {
    if (first === undefined) throw emptyDataset(source.path);
    const messages = format.chat(first[0] as Row) ? new MessageShapes() : undefined;
    for (const row of first) {
      const record = format.record(row);
      for (const name of Object.keys(record)) names.add(name);
      messages?.add(format, record);
    }
    for (let chunks = all; ; chunks = filledChunks(source)) {
      const plain = arrowSchema(format, names, messages?.layout);
      const schema = new Schema(plain.fields, new Map([...plain.metadata, ...Object.entries(metadata(plain))]));
      try {
        return await use(schema, recordBatches(format, schema, chunks, messages));
      } catch (error) {
        if (!(error instanceof WiderRow)) throw error;
        for (const name of error.names) names.add(name);
      }
    }
  } finally {
    await close();
  }
}

/**
 * The rows as record batches for memory. A batch has the columns of its own rows and of the rows before it: when a later row
 * brings another column, or a message another key, the next batch is wider.
 * @throws DpoError `data.empty-dataset` without a row
 */
export async function* growingBatches<Row>(
  format: RowFormat<Row>,
  source: RowSource<Row>,
): AsyncGenerator<RecordBatch, undefined> {
  const names = new Set(format.columns.filter(({ required }) => required).map(({ name }) => name));
  let messages: MessageShapes | undefined;
  let batch: BatchBuilder | undefined;
  for await (const chunk of filledChunks(source)) {
    if (batch === undefined && format.chat(chunk[0] as Row)) messages = new MessageShapes();
    const records = chunk.map((row) => format.record(row));
    const columns = names.size;
    let wider = false;
    for (const record of records) {
      for (const name of Object.keys(record)) names.add(name);
      wider = (messages?.add(format, record) ?? false) || wider;
    }
    if (batch === undefined || wider || names.size > columns) {
      if (batch !== undefined && batch.rows > 0) yield batch.close();
      batch = batchBuilder(arrowSchema(format, names, messages?.layout));
    }
    for (const record of records) {
      batch.add(record);
      if (batch.full) yield batch.close();
    }
  }
  if (batch === undefined) throw emptyDataset(source.path);
  if (batch.rows > 0) yield batch.close();
}

async function* filledChunks<Row>(source: RowSource<Row>): AsyncGenerator<readonly Row[], undefined> {
  for await (const chunk of source.chunks()) if (chunk.length > 0) yield chunk;
}

async function* recordBatches<Row>(
  format: RowFormat<Row>,
  schema: Schema,
  chunks: AsyncIterable<readonly Row[]>,
  messages: MessageShapes | undefined,
): AsyncGenerator<RecordBatch> {
  const batch = batchBuilder(schema);
  for await (const chunk of chunks) {
    for (const row of chunk) {
      const record = format.record(row);
      const unknown = Object.keys(record).filter((name) => !batch.names.has(name));
      // The shapes take all keys of the row in before the next attempt.
      if (messages?.add(format, record) || unknown.length > 0) throw new WiderRow(unknown);
      batch.add(record);
      if (batch.full) yield batch.close();
    }
  }
  if (batch.rows > 0) yield batch.close();
}

/** A record batch that grows row by row. */
interface BatchBuilder {
  readonly names: ReadonlySet<string>;
  readonly rows: number;
  /** True when the batch has its full size. */
  readonly full: boolean;
  add(record: FileRecord): void;
  /** Returns the batch of the rows since the last call. */
  close(): RecordBatch;
}

function batchBuilder(schema: Schema): BatchBuilder {
  const builders = new Map<string, CellBuilder>(schema.fields.map((field) => [field.name, cellBuilder(field)]));
  let rows = 0;
  let units = 0;
  return {
    names: new Set(builders.keys()),
    get rows() {
      return rows;
    },
    get full() {
      return rows >= ROWS_PER_BATCH || units >= UNITS_PER_BATCH;
    },
    add(record) {
      for (const [name, builder] of builders) {
        const value = record[name];
        builder.append(value);
        units += typeof value === 'string' ? value.length : 0;
      }
      rows++;
    },
    close() {
      const children = [...builders.values()].map((builder) => builder.finish());
      const data = makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children });
      rows = 0;
      units = 0;
      return new RecordBatch(schema, data);
    },
  };
}

/** A source of rows that can be iterated more than once. */
export function iterableSource<Row>(rows: Iterable<Row>, path?: string): RowSource<Row> {
  return {
    path,
    async *chunks() {
      let chunk: Row[] = [];
      for (const row of rows) {
        chunk.push(row);
        if (chunk.length < ROWS_PER_BATCH) continue;
        yield chunk;
        chunk = [];
      }
      if (chunk.length > 0) yield chunk;
    },
  };
}

/** Who else sees the rows while they are read. */
export interface Onlookers<Row> {
  /** Grows by all rows of a file after the last one was read. Rows that are read again count once. */
  readonly digest?: GrowingDigest<Row> | undefined;
  /** Called with each row and its number. */
  readonly onRow?: ((row: unknown, number: number) => void) | undefined;
  /** The number of the first row. Default 0. */
  readonly firstRow?: number | undefined;
}

/** The same rows, with onlookers who see each row while it is read. */
export function observedRows<Row>(
  source: RowSource<Row>,
  { digest, onRow, firstRow = 0 }: Onlookers<Row>,
): RowSource<Row> {
  const start = digest?.current;
  return {
    ...source,
    async *chunks() {
      const own = start?.copy();
      let number = firstRow;
      for await (const chunk of source.chunks()) {
        for (const row of chunk) {
          own?.add(row);
          onRow?.(row, number++);
        }
        yield chunk;
      }
      if (digest !== undefined && own !== undefined) digest.current = own;
    },
  };
}
