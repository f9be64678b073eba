import { stat } from 'node:fs/promises';
import { DpoError, pauses } from '@dpo/base';
import { asFileError, isThere } from '@dpo/base/files';
import { type DataType, type RecordBatch, Schema } from 'apache-arrow';
import type { Column, ColumnMapping, ColumnName, LabelledColumnName, RankedColumnName } from '../rows/columns.js';
import { contextColumns } from '../rows/context-columns.js';
import { rowDigest } from '../rows/fingerprint.js';
import { Notes, type ReadNotes } from '../rows/notes.js';
import { labelledFormat, preferenceFormat, type RowFormat, rankedFormat } from '../rows/row-format.js';
import { growingBatches, type Onlookers, observedRows, type RowSource } from '../rows/row-source.js';
import { checkSchema, isPromptWithin } from '../rows/schema.js';
import type { Dataset, LabelledDataset, PreferenceDataset, RankedDataset } from '../rows/types.js';
import { joinDatasets } from '../select/join.js';
import { promptColumns, scoreColumns, shapeColumns } from '../shapes/expand.js';
import { judgedColumns } from '../shapes/judged-shapes.js';
import { noSuchSplit } from './_no-such-split.js';
import { type ArrowBlocks, type Block, openArrowFile } from './arrow/blocks.js';
import { arrowDataset } from './arrow/dataset.js';
import { arrowRecords } from './arrow/records.js';
import { isDatasetsFolder, openDatasetsFolder } from './datasets-folder.js';
import { checkDisguise, DISGUISE_BYTES } from './disguise.js';
import { type ReadKind, readKind } from './file-kind.js';
import { readParquet } from './parquet/parquet.js';
import { fromTheStart, type PlacedRecord, recordSource } from './records.js';
import { isPattern, type Shards, shardsByPattern, shardsOf, splitFromPath } from './shards.js';
import { compressionOf, firstBytes } from './text/compression.js';
import { readCsv } from './text/csv.js';
import { readJsonl } from './text/jsonl.js';

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
type Reading<Row> = ReadOptions<string> & Onlookers<Row>;

/**
 * Reads and checks a preference dataset: `.arrow` (IPC file or stream), `.parquet`, JSON (`.jsonl`, `.json`, `.ndjson`: one
 * object to a line, one array, or objects over several lines), `.csv` and `.tsv`, text also compressed by gzip or Zstandard; a
 * folder of `save_to_disk` of Python's `datasets`; a folder of such files, as dataset repositories have them, or a pattern
 * (`data/*.parquet`). Unknown columns are ignored. An Arrow file stays on disk, and a record batch is read when one of its rows
 * is needed; other formats become Arrow columns in memory. The shapes of published preference data
 * (`instruction`/`input`/`output`, UltraFeedback, …) are recognised, unless columns are mapped.
 *
 * @throws DpoError with the file and the row or line: `file.not-found`, `data.unknown-format`, `data.empty-dataset`,
 * `data.broken-json`, `data.missing-column` (with the nearest key), `data.wrong-type`, `data.empty-answer`, `data.mixed-row`,
 * `data.mixed-rows`, `data.no-shared-beginning`, `data.invalid-text`, `data.truncated-file`, `data.broken-file`,
 * `data.ragged-row`, `data.broken-csv`, `data.no-such-split`, `data.not-a-dataset-folder`, `data.mixed-files`, and the errors of
 * `checkDisguise`
 */
export async function readPreferences(path: string, options: ReadOptions = {}): Promise<PreferenceDataset> {
  return readDataset(preferenceFormat, path, options);
}

/** Reads and checks a dataset of ranked lists (`prompt`, `responses`, `scores`), as {@link readPreferences} reads pairs. */
export async function readRanked(path: string, options: ReadOptions<RankedColumnName> = {}): Promise<RankedDataset> {
  return readDataset(rankedFormat, path, options);
}

/** Reads and checks judged answers (`prompt`, `completion`, `label`), as {@link readPreferences} reads pairs. */
export async function readLabelled(
  path: string,
  options: ReadOptions<LabelledColumnName> = {},
): Promise<LabelledDataset> {
  return readDataset(labelledFormat, path, options);
}

/**
 * The format of the dataset at a path: `folder` for a folder (also with a split after a colon) and for a pattern of several
 * files; otherwise the format that the file's first bytes or its ending say.
 *
 * @throws DpoError `file.not-found`, `data.unknown-format`, and the errors of `checkDisguise`
 */
export async function kindOfDataset(pathWithSplit: string): Promise<ReadKind> {
  const { path } = await splitFromPath(pathWithSplit, undefined);
  const stats = await stat(path).catch((error: unknown) => {
    if (isPattern(path)) return undefined;
    throw asFileError(error, path);
  });
  if (stats === undefined || stats.isDirectory()) return 'folder';
  if (!stats.isFile()) throw notAFile(path);
  const start = await firstBytes(path, DISGUISE_BYTES);
  if (start.toString('latin1', 0, 4) === 'PAR1') return 'parquet';
  if (start.toString('latin1', 0, 6) === 'ARROW1') return 'arrow';
  // Compressed text is checked when it is unpacked.
  if (compressionOf(start) === undefined) checkDisguise(start, path);
  return readKind(path);
}

/** The error for pipes and devices, which cannot be read more than once. */
function notAFile(path: string): DpoError {
  return new DpoError('file.not-a-file', `${path} is a pipe or a device, and a file of data is needed.`, {
    values: { path },
    hint: 'Data are read more than once: write the data into a file first.',
  });
}

/** Reads rows of any format, from one file or several. */
async function readDataset<Row>(
  format: RowFormat<Row>,
  pathWithSplit: string,
  options: ReadOptions<string>,
): Promise<Dataset<Row>> {
  const digest = options.fingerprint ? { current: rowDigest(format) } : undefined;
  const reading: Reading<Row> = { ...options, digest };
  const { path, split } = await splitFromPath(pathWithSplit, options.split);
  const kind = await kindOfDataset(path);
  if (kind !== 'folder') {
    if (split !== undefined) throw noSuchSplit(path, split, []);
    return readFile(format, path, kind, reading);
  }
  const shards = await shardsAt(path, split);
  if (shards === undefined) return readArrow(format, path, await openDatasetsFolder(path, split), reading);
  const parts: Dataset<Row>[] = [];
  for (const file of shards.files) {
    const firstRow = parts.reduce((sum, { length }) => sum + length, 0);
    parts.push(await readFile(format, file, await kindOfDataset(file), { ...reading, firstRow }));
  }
  return joinDatasets(format, parts, path, digest?.current.fingerprint());
}

/** The files at a folder or pattern; undefined for a folder that Python's `datasets` saved. */
async function shardsAt(path: string, split: string | undefined): Promise<Shards | undefined> {
  if (!(await isThere(path))) return shardsByPattern(path);
  return (await isDatasetsFolder(path)) ? undefined : shardsOf(path, split);
}

async function readFile<Row>(
  format: RowFormat<Row>,
  path: string,
  kind: ReadKind,
  options: Reading<Row>,
): Promise<Dataset<Row>> {
  if (kind === 'arrow') return readArrow(format, path, await openArrowFile(path), options);
  if (kind === 'folder') return readArrow(format, path, await openDatasetsFolder(path, undefined), options);
  return inMemory(format, path, fileSource(format, kind, path, options), options);
}

async function readArrow<Row>(
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
  path: string,
  { columns = {}, onError, onNotes }: ReadOptions<string>,
): RowSource<Row> {
  const aside = new Set<string>();
  const namesOfUse = namesToRead(format, columns);
  // Parquet is read by columns, and rows lack the columns that are not read.
  const onColumns = (names: readonly string[]) => {
    for (const name of names) if (!namesOfUse.has(name)) aside.add(name);
  };
  return recordSource(format, path, columns, recordReader(format, kind, path, columns, onColumns), {
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
  path: string,
  columns: ColumnMapping,
  onColumns: (names: readonly string[]) => void,
): () => AsyncIterable<readonly PlacedRecord[]> {
  if (kind === 'parquet') return () => readParquet(path, namesToRead(format, columns), onColumns);
  if (kind === 'csv') return () => readCsv(path, fileColumns(format, columns));
  return () => readJsonl(path);
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
