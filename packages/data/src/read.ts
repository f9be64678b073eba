import { stat } from 'node:fs/promises';
import type { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import type { RecordBatch } from 'apache-arrow';
import { type Block, openArrowFile } from './_arrow-blocks.js';
import { arrowDataset } from './_arrow-dataset.js';
import { arrowRecords } from './_arrow-records.js';
import { type FileKind, fileKind } from './_file-kind.js';
import { type PlacedRecord, recordSource } from './_records.js';
import { labelledFormat, preferenceFormat, type RowFormat, rankedFormat } from './_row-format.js';
import { type RowSource, withRecordBatches } from './_row-source.js';
import type { Column, ColumnMapping, ColumnName, LabelledColumnName, RankedColumnName } from './columns.js';
import { readCsv } from './csv.js';
import { openDatasetsFolder } from './datasets-folder.js';
import { readJsonl } from './jsonl.js';
import { readParquet } from './parquet.js';
import { checkSchema } from './schema.js';
import { shapeColumns } from './shapes/expand.js';
import type { Dataset, LabelledDataset, PreferenceDataset, RankedDataset } from './types.js';

/** How to read a dataset. */
export interface ReadOptions<Name extends string = ColumnName> {
  /** Which of the file's columns to read as which of ours: `{ chosen: 'preferred' }`. */
  readonly columns?: Readonly<Partial<Record<Name, string>>> | undefined;
  /** Which split of a Python `DatasetDict` folder to read; `train` where there are several. */
  readonly split?: string | undefined;
  /**
   * Is told of every row that cannot be used, with its line and what was expected; the row is left out. Without it the first
   * such row is thrown. Where no row is left, `data.all-skipped` is thrown.
   */
  readonly onError?: ((error: DpoError) => void) | undefined;
}

/**
 * Reads and checks a preference dataset: `.arrow` (IPC file or stream), `.jsonl`, `.jsonl.gz`, `.csv`, `.parquet`, or a folder written by
 * `save_to_disk` of Python's `datasets`. Columns that it does not know are left aside. An Arrow file is not held in memory:
 * its record batches are read when rows of theirs are; other formats are kept as Arrow columns. The shapes that preference
 * data usually come in are recognised (`instruction`/`input`/`output`, UltraFeedback, …), unless columns are mapped.
 *
 * Errors name file and row or line: `file.not-found`, `data.unknown-format`, `data.empty-dataset`, `data.broken-json`,
 * `data.missing-column` (with the nearest key), `data.wrong-type`, `data.empty-answer`, `data.mixed-row`,
 * `data.mixed-rows`, `data.no-shared-beginning`, `data.invalid-text`, `data.truncated-file`, `data.broken-file`,
 * `data.ragged-row`, `data.broken-csv`,
 * `data.no-such-split`, `data.not-a-dataset-folder`.
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

/** How the dataset at this path is stored: a folder, or what its ending says. Errors: `file.not-found`, `data.unknown-format`. */
export async function kindOfDataset(path: string): Promise<FileKind> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : fileKind(path);
  } catch (error) {
    throw asFileError(error, path);
  }
}

/** Reads rows of any format. */
async function readDataset<Row>(
  format: RowFormat<Row>,
  path: string,
  { columns = {}, split, onError }: ReadOptions<string>,
): Promise<Dataset<Row>> {
  const kind = await kindOfDataset(path);
  if (kind === 'folder' || kind === 'arrow') {
    const { schema, blocks } = await (kind === 'folder' ? openDatasetsFolder(path, split) : openArrowFile(path));
    const names = new Set(schema.fields.map(({ name }) => name));
    const shaped = mayBeShaped(format, columns) && isShaped(names);
    const mapping = shaped ? columns : withScores(format, columns, names);
    // Row by row only where it must be: what is of our shape stays in the file.
    if (!shaped && onError === undefined) return arrowDataset(format, schema, blocks, path, mapping);
    if (!shaped) checkSchema(format, schema, mapping, path);
    const wanted = new Set([...wantedColumns(format, mapping).map(({ name }) => name), ...shapeColumns]);
    return inMemory(
      format,
      path,
      recordSource(format, path, mapping, () => arrowRecords(blocks, wanted, path), onError),
    );
  }
  const read = recordReader(format, kind, path, columns);
  return inMemory(format, path, recordSource(format, path, columns, read, onError));
}

/** Keeps rows as Arrow columns. */
function inMemory<Row>(format: RowFormat<Row>, path: string, source: RowSource<Row>): Promise<Dataset<Row>> {
  return withRecordBatches(
    format,
    source,
    () => ({}),
    async (schema, batches) => {
      const blocks: Block[] = [];
      for await (const batch of batches) blocks.push(memoryBlock(batch));
      return arrowDataset(format, schema, blocks, path, {}, false);
    },
  );
}

/** Shapes are recognised in pairs whose columns nobody has named. */
function mayBeShaped<Row>(format: RowFormat<Row>, columns: ColumnMapping): boolean {
  return format.name === 'preference' && Object.keys(columns).length === 0;
}

/** Whether columns are those of a shape that must be turned into ours row by row. */
function isShaped(names: ReadonlySet<string>): boolean {
  if (['prompt', 'chosen', 'rejected'].every((name) => names.has(name))) return false;
  return shapeColumns.some((name) => names.has(name) && !name.startsWith('score_'));
}

/** UltraFeedback-binarized names its scores the other way round. */
function withScores<Row>(format: RowFormat<Row>, columns: ColumnMapping, names: ReadonlySet<string>): ColumnMapping {
  if (!mayBeShaped(format, columns) || names.has('chosen_score') || !names.has('score_chosen')) return columns;
  return { chosen_score: 'score_chosen', rejected_score: 'score_rejected' };
}

/** How to go through the records of a file that is not Arrow. */
export function recordReader<Row>(
  format: RowFormat<Row>,
  kind: Exclude<FileKind, 'arrow' | 'folder'>,
  path: string,
  columns: ColumnMapping,
): () => AsyncIterable<readonly PlacedRecord[]> {
  const wanted = wantedColumns(format, columns);
  if (kind === 'parquet') {
    const names = new Set([...wanted.map(({ name }) => name), ...(mayBeShaped(format, columns) ? shapeColumns : [])]);
    return () => readParquet(path, names);
  }
  if (kind === 'csv') return () => readCsv(path, wanted);
  return () => readJsonl(path);
}

/** The format's columns under the names that the file has for them. */
function wantedColumns<Row>(format: RowFormat<Row>, mapping: ColumnMapping): readonly Column[] {
  return format.columns.map((column) => ({ ...column, name: mapping[column.name] ?? column.name }));
}

function memoryBlock(batch: RecordBatch): Block {
  return { rows: batch.numRows, bytes: 0, load: () => batch };
}
