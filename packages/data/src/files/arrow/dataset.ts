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

/** Record batches read from a file are kept up to this many bytes, the last used longest. */
const CACHE_BYTES = 1 << 28;

/** What {@link arrowDataset} may be told; onlookers see the rows that are checked here, and a digest of rows that were checked before has them. */
interface ArrowDatasetOptions<Row> extends Onlookers<Row> {
  readonly mapping?: ColumnMapping;
  /** False for rows that were checked and put into the batches by this package: they are taken out as they are. Default true. */
  readonly check?: boolean;
  /** Hears, while rows are checked, what was put right in them. */
  readonly notes?: Notes;
  /** The line of a row, where the rows come from a file of lines. */
  readonly lineOf?: ((row: number) => number | undefined) | undefined;
  /** The number of a row in what was read, where rows were left out. */
  readonly numberOf?: ((row: number) => number) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A dataset over Arrow record batches: rows become objects when they are asked for, batches are read from the file when
 * a row of theirs is. All rows are checked once, here, unless they are known to be good; signals and timers get their turn
 * meanwhile.
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
  const readRow = (block: number, within: number, notes?: Notes): Row => {
    const row = (starts[block] as number) + within;
    const record: Record<string, unknown> = {};
    try {
      for (const [name, read] of cache(block)) {
        const value = read(within);
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
      for (let within = 0; within < count; within++) yield readRow(block, within, notes);
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

/** One row a step. */
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

/** Readers of each block's columns, by the file's names; the least recently used are let go. */
function blockCache<Row>(format: RowFormat<Row>, blocks: readonly Block[], mapping: ColumnMapping, path: string) {
  const held = new Map<number, readonly (readonly [string, CellReader])[]>();
  let bytes = 0;
  let last: { block: number; readers: readonly (readonly [string, CellReader])[] } | undefined;
  return (index: number) => {
    if (last?.block === index) return last.readers;
    const block = blocks[index] as Block;
    let readers = held.get(index);
    if (readers === undefined) {
      readers = columnReaders(format, block.load(), mapping, path);
      bytes += block.bytes;
    }
    held.delete(index);
    held.set(index, readers);
    for (const oldest of held.keys()) {
      if (bytes <= CACHE_BYTES || oldest === index) break;
      held.delete(oldest);
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

/** The block that holds a row: the last one that starts at or before it and is not empty. */
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
