import { stat } from 'node:fs/promises';
import { DpoError, pauses } from '@dpo/base';
import { asFileError, isThere } from '@dpo/base/files';
import { type DataType, type RecordBatch, Schema } from 'apache-arrow';
import type { Column, ColumnMapping, ColumnName, LabelledColumnName, RankedColumnName } from '../rows/columns.js';
import { contextColumns } from '../rows/context-columns.js';
import { rowDigest } from '../rows/fingerprint.js';
import { Notes, type ReadNotes } from '../rows/notes.js';
import { labelledFormat, preferenceFormat, type RowFormat, rankedFormat } from '../rows/row-format.js';
import { growingBatches, type Onlookers, type RowSource, shownRows } from '../rows/row-source.js';
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

/** How to read a dataset. */
export interface ReadOptions<Name extends string = ColumnName> {
  /** Which of the file's columns to read as which of ours: `{ chosen: 'preferred' }`. */
  readonly columns?: Readonly<Partial<Record<Name, string>>> | undefined;
  /** Which split of a folder to read; `train` where there are several. `FOLDER:split` as the path says the same. */
  readonly split?: string | undefined;
  /**
   * Is told of every row that cannot be used, with its line and what was expected; the row is left out. Without it the first
   * such row is thrown. Where no row is left, `data.all-skipped` is thrown.
   */
  readonly onError?: ((error: DpoError) => void) | undefined;
  /**
   * Is told once of each file, when it is read, which columns nothing was made of and what was put right in how many rows.
   */
  readonly onNotes?: ((notes: ReadNotes) => void) | undefined;
  /** Ends reading with its reason. Signals and timers of the process get their turn while rows are read. */
  readonly signal?: AbortSignal | undefined;
  /** Computes the fingerprint while rows are read. Default: in a pass of its own, when it is first asked for. */
  readonly fingerprint?: boolean | undefined;
  /**
   * Is shown each row once it was read and checked, in order, with its number in the dataset; what it throws ends reading. Rows
   * are shown again from the first when a later row says how all of them are to be read.
   */
  readonly onRow?: ((row: unknown, number: number) => void) | undefined;
}

/** The options of reading one of a dataset's files. */
type Reading<Row> = ReadOptions<string> & Onlookers<Row>;

/**
 * Reads and checks a preference dataset: `.arrow` (IPC file or stream), `.parquet`, JSON (`.jsonl`, `.json`, `.ndjson`: objects by
 * lines, one array, or objects over several lines), `.csv` and `.tsv`, text also compressed by gzip or Zstandard; a folder
 * written by `save_to_disk` of Python's `datasets`; a folder of such files, as dataset repositories have them, or a pattern
 * (`data/*.parquet`). Columns that it does not know are left aside. An Arrow file is not held in memory:
 * its record batches are read when rows of theirs are; other formats are kept as Arrow columns. The shapes that preference
 * data usually come in are recognised (`instruction`/`input`/`output`, UltraFeedback, …), unless columns are mapped.
 *
 * Errors name file and row or line: `file.not-found`, `data.unknown-format`, `data.empty-dataset`, `data.broken-json`,
 * `data.missing-column` (with the nearest key), `data.wrong-type`, `data.empty-answer`, `data.mixed-row`,
 * `data.mixed-rows`, `data.no-shared-beginning`, `data.invalid-text`, `data.truncated-file`, `data.broken-file`,
 * `data.ragged-row`, `data.broken-csv`,
 * `data.no-such-split`, `data.not-a-dataset-folder`, `data.mixed-files`, those of `checkDisguise`.
 */
export async function readPreferences(path: string, options: ReadOptions = {}): Promise<PreferenceDataset> {
  return readDataset(preferenceFormat, path, options);
}

/** Reads and checks a dataset of ranked lists (`prompt`, `responses`, `scores`), as {@link readPreferences} reads pairs. */
export async function readRanked(path: string, options: ReadOptions<RankedColumnName> = {}): Promise<RankedDataset> {
  return readDataset(rankedFormat, path, options);
}

/** Reads and checks answers that were judged one by one (`prompt`, `completion`, `label`), as {@link readPreferences} reads pairs. */
export async function readLabelled(
  path: string,
  options: ReadOptions<LabelledColumnName> = {},
): Promise<LabelledDataset> {
  return readDataset(labelledFormat, path, options);
}

/**
 * How the dataset at this path is stored: `folder` for a folder (with a split after a colon, too) and for a pattern of several
 * files, else what the file begins with or its ending says.
 *
 * @throws DpoError `file.not-found`, `data.unknown-format`, those of `checkDisguise`
 */
export async function kindOfDataset(given: string): Promise<ReadKind> {
  const { path } = await splitFromPath(given, undefined);
  const found = await stat(path).catch((error: unknown) => {
    if (isPattern(path)) return undefined;
    throw asFileError(error, path);
  });
  if (found === undefined || found.isDirectory()) return 'folder';
  if (!found.isFile()) throw notAFile(path);
  const start = await firstBytes(path, DISGUISE_BYTES);
  if (start.toString('latin1', 0, 4) === 'PAR1') return 'parquet';
  if (start.toString('latin1', 0, 6) === 'ARROW1') return 'arrow';
  // Text is looked at where it is unpacked.
  if (compressionOf(start) === undefined) checkDisguise(start, path);
  return readKind(path);
}

/** Data are read more than once, which pipes and devices do not allow. */
function notAFile(path: string): DpoError {
  return new DpoError('file.not-a-file', `${path} is a pipe or a device where a file of data is needed.`, {
    values: { path },
    hint: 'Data are read more than once: write them into a file first.',
  });
}

/** Reads rows of any format, of one file or of several. */
async function readDataset<Row>(
  format: RowFormat<Row>,
  given: string,
  options: ReadOptions<string>,
): Promise<Dataset<Row>> {
  const digest = options.fingerprint ? { current: rowDigest(format) } : undefined;
  const reading: Reading<Row> = { ...options, digest };
  const { path, split } = await splitFromPath(given, options.split);
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
  // Row by row only where it must be: what is of our shape stays in the file.
  if (!shaped && onError === undefined) {
    const notes = new Notes();
    const dataset = await arrowDataset(format, schema, blocks, path, { ...reading, mapping, notes });
    onNotes?.(withAside(notes.of(path), unused(format, schema, mapping)));
    return dataset;
  }
  if (!shaped) checkSchema(format, schema, mapping, path);
  const wanted = readColumns(format, columns);
  const aside = schema.fields.map(({ name }) => name).filter((name) => !wanted.has(name));
  return inMemory(
    format,
    path,
    recordSource(format, path, mapping, () => arrowRecords(blocks, wanted, path), {
      onError,
      onNotes: (notes) => onNotes?.(withAside(notes, aside)),
    }),
    reading,
  );
}

/** The rows of a file that is not Arrow, checked as one goes through them. */
export function fileSource<Row>(
  format: RowFormat<Row>,
  kind: Exclude<ReadKind, 'arrow' | 'folder'>,
  path: string,
  { columns = {}, onError, onNotes }: ReadOptions<string>,
): RowSource<Row> {
  const aside = new Set<string>();
  const wanted = readColumns(format, columns);
  // Parquet is read by columns, of which those that are not wanted are never seen in a row.
  const onColumns = (names: readonly string[]) => {
    for (const name of names) if (!wanted.has(name)) aside.add(name);
  };
  return recordSource(format, path, columns, recordReader(format, kind, path, columns, onColumns), {
    onError,
    onNotes: (notes) => onNotes?.(withAside(notes, [...aside])),
  });
}

function withAside(notes: ReadNotes, names: readonly string[]): ReadNotes {
  return { ...notes, leftAside: [...new Set([...notes.leftAside, ...names])].sort() };
}

/** Keeps rows as Arrow columns. */
async function inMemory<Row>(
  format: RowFormat<Row>,
  path: string,
  source: RowSource<Row>,
  reading: Reading<Row>,
): Promise<Dataset<Row>> {
  const pause = pauses(reading.signal);
  const rows = shownRows(source, reading);
  const blocks = await fromTheStart(async () => {
    const read: Block[] = [];
    for await (const batch of growingBatches(format, rows)) {
      read.push(memoryBlock(batch));
      await pause();
    }
    return read;
  });
  const { lineOf, numberOf } = source;
  return arrowDataset(format, new Schema(), blocks, path, { check: false, digest: reading.digest, lineOf, numberOf });
}

/** Shapes are recognised in rows whose columns nobody has named. */
function mayBeShaped(columns: ColumnMapping): boolean {
  return Object.keys(columns).length === 0;
}

/** Whether rows must be turned into ours one by one. */
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

/** The file's columns that nothing is made of, where its rows are of our shape. */
function unused<Row>(format: RowFormat<Row>, { fields }: Schema, mapping: ColumnMapping): readonly string[] {
  const used = new Set(wantedColumns(format, mapping).map(({ name }) => name));
  return fields.flatMap(({ name }) => (used.has(name) ? [] : [name]));
}

/** UltraFeedback-binarized and others have other names for their scores. */
function withScores<Row>(format: RowFormat<Row>, columns: ColumnMapping, names: ReadonlySet<string>): ColumnMapping {
  if (format.name !== 'preference' || !mayBeShaped(columns)) return columns;
  const found = scoreColumns.find(([chosen, rejected]) => names.has(chosen) && names.has(rejected));
  return found === undefined ? columns : { chosen_score: found[0], rejected_score: found[1] };
}

/** How to go through the records of a file that is not Arrow. `onColumns` is told all columns of a Parquet file. */
function recordReader<Row>(
  format: RowFormat<Row>,
  kind: Exclude<ReadKind, 'arrow' | 'folder'>,
  path: string,
  columns: ColumnMapping,
  onColumns: (names: readonly string[]) => void,
): () => AsyncIterable<readonly PlacedRecord[]> {
  if (kind === 'parquet') return () => readParquet(path, readColumns(format, columns), onColumns);
  if (kind === 'csv') return () => readCsv(path, wantedColumns(format, columns));
  return () => readJsonl(path);
}

/** The names of all columns that are looked at. */
function readColumns<Row>(format: RowFormat<Row>, columns: ColumnMapping): ReadonlySet<string> {
  const named = wantedColumns(format, columns).map(({ name }) => name);
  return new Set([...named, ...contextColumns, ...(mayBeShaped(columns) ? shapeColumns : [])]);
}

/** The format's columns under the names that the file has for them. */
function wantedColumns<Row>(format: RowFormat<Row>, mapping: ColumnMapping): readonly Column[] {
  return format.columns.map((column) => ({ ...column, name: mapping[column.name] ?? column.name }));
}

function memoryBlock(batch: RecordBatch): Block {
  return { rows: batch.numRows, bytes: 0, load: () => batch };
}
