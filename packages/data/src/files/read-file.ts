import { type DpoError, pauses } from '@dpo/base';
import { type DataType, type RecordBatch, Schema } from 'apache-arrow';
import type { Column, ColumnMapping, ColumnName } from '../rows/columns.js';
import { contextColumns } from '../rows/context-columns.js';
import { Notes, type ReadNotes } from '../rows/notes.js';
import type { RowFormat } from '../rows/row-format.js';
import { growingBatches, type Onlookers, observedRows, type RowSource } from '../rows/row-source.js';
import { checkSchema, isPromptWithin } from '../rows/schema.js';
import type { Dataset } from '../rows/types.js';
import { promptColumns, scoreColumns, shapeColumns } from '../shapes/expand.js';
import { judgedColumns } from '../shapes/judged-shapes.js';
import type { ArrowBlocks, Block } from './arrow/blocks.js';
import { arrowDataset } from './arrow/dataset.js';
import { arrowRecords } from './arrow/records.js';
import type { ReadKind } from './file-kind.js';
import { fromTheStart, type PlacedRecord, recordSource } from './records.js';
import { readCsv } from './text/read-csv.js';
import { readJsonl } from './text/read-jsonl.js';

/** The options of reading a dataset. */
export interface ReadOptions<Name extends string = ColumnName> {
  /** The file's columns for columns of ours: `{ chosen: 'preferred' }`. */
  readonly columns?: Readonly<Partial<Record<Name, string>>> | undefined;
  /** The split of a folder to read. Default the only split, or `train`. A path `FOLDER:split` says the same. */
  readonly split?: string | undefined;
  /**
   * Called with the error of every row that cannot be used, which names the line and what was expected. The row is skipped.
   * Without `onError` the first error is thrown. When no row is left, `data.all-skipped` is thrown.
   */
  readonly onError?: ((error: DpoError) => void) | undefined;
  /**
   * Called once for each file after reading: the columns that nothing was made of, and the faults that were put right.
   */
  readonly onNotes?: ((notes: ReadNotes) => void) | undefined;
  /** Ends reading with the signal's reason. Signals and timers of the process get their turn while rows are read. */
  readonly signal?: AbortSignal | undefined;
  /** Computes the fingerprint while rows are read. Default false: in a pass of its own, at the first access. */
  readonly fingerprint?: boolean | undefined;
  /**
   * Called with each checked row, in order, and its number in the dataset. An error that `onRow` throws ends reading. The calls
   * begin again with the first row when a later row changes how all rows are read.
   */
  readonly onRow?: ((row: unknown, number: number) => void) | undefined;
}

/** The options of reading one of a dataset's files. */
export type Reading<Row> = ReadOptions<string> & Onlookers<Row>;

/** A file of data, wherever the file is: on disk, or chosen by a browser's user. */
export interface DataFile {
  /** The path or the name, for messages. */
  readonly path: string;
  /** The bytes, unpacked. */
  bytes(): AsyncGenerator<Uint8Array, undefined>;
  /** The record batches of an Arrow file. */
  arrow(): Promise<ArrowBlocks>;
  /** The records of a Parquet file, with the values of `columns`. */
  parquet(
    columns: ReadonlySet<string>,
    onColumns: (names: readonly string[]) => void,
  ): AsyncIterable<readonly PlacedRecord[]>;
}

/** Reads the rows of one file of this format. */
export async function readFile<Row>(
  format: RowFormat<Row>,
  kind: Exclude<ReadKind, 'folder'>,
  file: DataFile,
  options: Reading<Row>,
): Promise<Dataset<Row>> {
  if (kind === 'arrow') return readArrow(format, file.path, await file.arrow(), options);
  return inMemory(format, file.path, fileSource(format, kind, file, options), options);
}

/** Reads the rows of Arrow record batches. */
export async function readArrow<Row>(
  format: RowFormat<Row>,
  path: string,
  { schema, blocks }: ArrowBlocks,
  reading: Reading<Row>,
): Promise<Dataset<Row>> {
  const { columns = {}, onError, onNotes } = reading;
  const shaped = isShaped(format, schema, columns);
  const mapping = shaped ? columns : withScores(format, columns, new Set(schema.fields.map(({ name }) => name)));
  // Rows of our own shape stay in the file. Only other shapes, and errors to skip, need a pass row by row.
  if (!shaped && onError === undefined) {
    const notes = new Notes();
    const dataset = await arrowDataset(format, schema, blocks, path, { ...reading, mapping, notes });
    onNotes?.(withAside(notes.of(path), unusedColumns(format, schema, mapping)));
    return dataset;
  }
  if (!shaped) checkSchema(format, schema, mapping, path);
  const names = namesToRead(format, columns);
  const aside = schema.fields.map(({ name }) => name).filter((name) => !names.has(name));
  return inMemory(
    format,
    path,
    recordSource(format, path, mapping, () => arrowRecords(blocks, names, path), {
      onError,
      onNotes: (notes) => onNotes?.(withAside(notes, aside)),
    }),
    reading,
  );
}

/** The rows of a file that is not Arrow, checked while they are read. */
export function fileSource<Row>(
  format: RowFormat<Row>,
  kind: Exclude<ReadKind, 'arrow' | 'folder'>,
  file: DataFile,
  { columns = {}, onError, onNotes }: ReadOptions<string>,
): RowSource<Row> {
  const aside = new Set<string>();
  const namesOfUse = namesToRead(format, columns);
  // Parquet is read by columns, and rows lack the columns that are not read.
  const onColumns = (names: readonly string[]) => {
    for (const name of names) if (!namesOfUse.has(name)) aside.add(name);
  };
  return recordSource(format, file.path, columns, recordReader(format, kind, file, columns, onColumns), {
    onError,
    onNotes: (notes) => onNotes?.(withAside(notes, [...aside])),
  });
}

function withAside(notes: ReadNotes, names: readonly string[]): ReadNotes {
  return { ...notes, leftAside: [...new Set([...notes.leftAside, ...names])].sort() };
}

/** Reads all rows into Arrow columns in memory. */
async function inMemory<Row>(
  format: RowFormat<Row>,
  path: string,
  source: RowSource<Row>,
  reading: Reading<Row>,
): Promise<Dataset<Row>> {
  const pause = pauses(reading.signal);
  const rows = observedRows(source, reading);
  const blocks = await fromTheStart(async () => {
    const list: Block[] = [];
    for await (const batch of growingBatches(format, rows)) {
      list.push(memoryBlock(batch));
      await pause();
    }
    return list;
  });
  const { lineOf, numberOf } = source;
  return arrowDataset(format, new Schema(), blocks, path, { check: false, digest: reading.digest, lineOf, numberOf });
}

/** True when shapes are recognised: the caller has mapped no columns. */
function mayBeShaped(columns: ColumnMapping): boolean {
  return Object.keys(columns).length === 0;
}

/** True when rows must be turned into our columns one by one. */
function isShaped<Row>(format: RowFormat<Row>, { fields }: Schema, columns: ColumnMapping): boolean {
  const types = new Map(fields.map((field): [string, DataType] => [field.name, field.type]));
  if (contextColumns.some((name) => types.has(name))) return true;
  if (!mayBeShaped(columns)) return false;
  if (format.name === 'labelled') {
    return !(types.has('completion') && types.has('label')) && judgedColumns.some((name) => types.has(name));
  }
  if (format.name === 'ranked') return !types.has('responses') && shapeColumns.some((name) => types.has(name));
  if (!types.has('chosen') || !types.has('rejected')) return shapeColumns.some((name) => types.has(name));
  return !types.has('prompt') && (promptColumns.some((name) => types.has(name)) || !isPromptWithin(types, columns));
}

/** The columns of a file in our own shape that nothing is made of. */
function unusedColumns<Row>(format: RowFormat<Row>, { fields }: Schema, mapping: ColumnMapping): readonly string[] {
  const names = new Set(fileColumns(format, mapping).map(({ name }) => name));
  return fields.flatMap(({ name }) => (names.has(name) ? [] : [name]));
}

/** The mapping with the names of the columns of scores, which UltraFeedback binarized and others call differently. */
function withScores<Row>(format: RowFormat<Row>, columns: ColumnMapping, names: ReadonlySet<string>): ColumnMapping {
  if (format.name !== 'preference' || !mayBeShaped(columns)) return columns;
  const pair = scoreColumns.find(([chosen, rejected]) => names.has(chosen) && names.has(rejected));
  return pair === undefined ? columns : { chosen_score: pair[0], rejected_score: pair[1] };
}

/** A function that reads the records of a file that is not Arrow. `onColumns` is called with all columns of a Parquet file. */
function recordReader<Row>(
  format: RowFormat<Row>,
  kind: Exclude<ReadKind, 'arrow' | 'folder'>,
  file: DataFile,
  columns: ColumnMapping,
  onColumns: (names: readonly string[]) => void,
): () => AsyncIterable<readonly PlacedRecord[]> {
  if (kind === 'parquet') return () => file.parquet(namesToRead(format, columns), onColumns);
  if (kind === 'csv') return () => readCsv(file.bytes(), file.path, fileColumns(format, columns));
  return () => readJsonl(file.bytes(), file.path);
}

/** The names of all columns that may be read. */
function namesToRead<Row>(format: RowFormat<Row>, columns: ColumnMapping): ReadonlySet<string> {
  const names = fileColumns(format, columns).map(({ name }) => name);
  return new Set([...names, ...contextColumns, ...(mayBeShaped(columns) ? shapeColumns : [])]);
}

/** The format's columns under the file's names. */
function fileColumns<Row>(format: RowFormat<Row>, mapping: ColumnMapping): readonly Column[] {
  return format.columns.map((column) => ({ ...column, name: mapping[column.name] ?? column.name }));
}

function memoryBlock(batch: RecordBatch): Block {
  return { rows: batch.numRows, bytes: 0, load: () => batch };
}
