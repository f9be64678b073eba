import { inPieces } from '@dpo/base';
import type { RecordBatch, Schema } from 'apache-arrow';
import { type CellReader, cellReader } from '../../rows/arrow-columns.js';
import type { ColumnMapping } from '../../rows/columns.js';
import { emptyDataset, noSuchRow } from '../../rows/dataset.js';
import { fingerprintOf } from '../../rows/fingerprint.js';
import type { Notes } from '../../rows/notes.js';
import { checkKind, type RowFormat } from '../../rows/row-format.js';
import type { Onlookers } from '../../rows/row-source.js';
import { checkSchema } from '../../rows/schema.js';
import type { Dataset } from '../../rows/types.js';
import { asBroken, type Block } from './blocks.js';

/** The size of the cache of record batches from a file. The least recently used batches leave first. */
const CACHE_BYTES = 1 << 28;

/** The options of {@link arrowDataset}. The onlookers see rows only when rows are checked; otherwise `digest` has the rows already. */
interface ArrowDatasetOptions<Row> extends Onlookers<Row> {
  /** The file's columns for columns of ours. */
  readonly mapping?: ColumnMapping;
  /** False for batches of rows that this package has checked: the rows are restored unchecked. Default true. */
  readonly check?: boolean;
  /** Takes notes while rows are checked. */
  readonly notes?: Notes;
  /** The line of a row from a file of lines. */
  readonly lineOf?: ((row: number) => number | undefined) | undefined;
  /** The number of a row among all rows of the file, for files of which rows were skipped. */
  readonly numberOf?: ((row: number) => number) | undefined;
  /** Ends checking with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A dataset over Arrow record batches. A row becomes an object when it is accessed, and a batch is loaded when one of its rows
 * is. With `check`, all rows are checked once, before the function returns; signals and timers get their turn meanwhile.
 * @throws DpoError `data.empty-dataset`, the errors of `checkSchema` and of rows, `data.broken-file`
 */
export async function arrowDataset<Row>(
  format: RowFormat<Row>,
  schema: Schema,
  blocks: readonly Block[],
  path: string,
  options: ArrowDatasetOptions<Row> = {},
): Promise<Dataset<Row>> {
  const { mapping = {}, check = true, digest, notes, lineOf, numberOf, signal } = options;
  if (check) checkSchema(format, schema, mapping, path);
  const starts = [0];
  for (const block of blocks) starts.push((starts[starts.length - 1] as number) + block.rows);
  const length = starts[starts.length - 1] as number;
  if (length === 0) throw emptyDataset(path);

  const cache = blockCache(format, blocks, mapping, path);
  const readRow = (block: number, index: number, notes?: Notes): Row => {
    const row = (starts[block] as number) + index;
    const record: Record<string, unknown> = {};
    try {
      for (const [name, readCell] of cache(block)) {
        const value = readCell(index);
        if (value !== undefined) record[name] = value;
      }
    } catch (error) {
      throw asBroken(error, path);
    }
    if (!check) return format.restore(record);
    notes?.next();
    return format.parse(record, { row, path, notes }, mapping);
  };
  function* rows(notes?: Notes): Generator<Row> {
    for (let block = 0; block < blocks.length; block++) {
      const count = (blocks[block] as Block).rows;
      for (let index = 0; index < count; index++) yield readRow(block, index, notes);
    }
  }

  if (check) await inPieces(checkRows(format, rows(notes), path, options), signal);

  const print = fingerprintOf(format, { [Symbol.iterator]: () => rows() }, digest?.current.fingerprint());
  return {
    length,
    path,
    placeOf: (row) => ({ path, row: numberOf?.(row) ?? row, line: lineOf?.(row) }),
    ...(numberOf === undefined ? {} : { numberOf }),
    at(row) {
      if (!Number.isInteger(row) || row < 0 || row >= length) noSuchRow(row, length);
      const block = blockOf(starts, row);
      return readRow(block, row - (starts[block] as number));
    },
    get fingerprint() {
      return print.atOnce();
    },
    fingerprintInPieces: print.inPieces,
    [Symbol.iterator]: () => rows(),
  };
}

/** Checks rows, one at each step. */
function* checkRows<Row>(
  format: RowFormat<Row>,
  rows: Iterable<Row>,
  path: string,
  { digest, onRow, firstRow = 0 }: Onlookers<Row>,
): Generator<undefined, void> {
  let chat: boolean | undefined;
  let row = 0;
  for (const value of rows) {
    chat ??= format.chat(value);
    checkKind(format, value, chat, { row, path });
    digest?.current.add(value);
    onRow?.(value, firstRow + row++);
    yield;
  }
}

/** Readers of each block's columns, by the file's names. The least recently used blocks leave the cache. */
function blockCache<Row>(format: RowFormat<Row>, blocks: readonly Block[], mapping: ColumnMapping, path: string) {
  const readersByBlock = new Map<number, readonly (readonly [string, CellReader])[]>();
  let bytes = 0;
  let last: { block: number; readers: readonly (readonly [string, CellReader])[] } | undefined;
  return (index: number) => {
    if (last?.block === index) return last.readers;
    const block = blocks[index] as Block;
    let readers = readersByBlock.get(index);
    if (readers === undefined) {
      readers = columnReaders(format, block.load(), mapping, path);
      bytes += block.bytes;
    }
    readersByBlock.delete(index);
    readersByBlock.set(index, readers);
    for (const oldest of readersByBlock.keys()) {
      if (bytes <= CACHE_BYTES || oldest === index) break;
      readersByBlock.delete(oldest);
      bytes -= (blocks[oldest] as Block).bytes;
    }
    last = { block: index, readers };
    return readers;
  };
}

function columnReaders<Row>(format: RowFormat<Row>, batch: RecordBatch, mapping: ColumnMapping, path: string) {
  const readers: (readonly [string, CellReader])[] = [];
  for (const column of format.columns) {
    const name = mapping[column.name] ?? column.name;
    const index = batch.schema.fields.findIndex((field) => field.name === name);
    const data = batch.data.children[index];
    if (data === undefined) continue;
    try {
      readers.push([name, cellReader(data, batch.schema.fields[index])]);
    } catch (error) {
      throw asBroken(error, path);
    }
  }
  return readers;
}

/** The block of a row: the last block that starts at or before the row. */
function blockOf(starts: readonly number[], row: number): number {
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
