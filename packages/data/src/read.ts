import { stat } from 'node:fs/promises';
import { asFileError } from '@dpo/base/files';
import type { RecordBatch } from 'apache-arrow';
import { type Block, openArrowFile } from './_arrow-blocks.js';
import { arrowDataset } from './_arrow-dataset.js';
import { type FileKind, fileKind } from './_file-kind.js';
import { type PlacedRecord, recordSource } from './_records.js';
import { labelledFormat, preferenceFormat, type RowFormat, rankedFormat } from './_row-format.js';
import { withRecordBatches } from './_row-source.js';
import type { Column, ColumnMapping, ColumnName, LabelledColumnName, RankedColumnName } from './columns.js';
import { readCsv } from './csv.js';
import { openDatasetsFolder } from './datasets-folder.js';
import { readJsonl } from './jsonl.js';
import { readParquet } from './parquet.js';
import type { Dataset, LabelledDataset, PreferenceDataset, RankedDataset } from './types.js';

/** How to read a dataset. */
export interface ReadOptions<Name extends string = ColumnName> {
  /** Which of the file's columns to read as which of ours: `{ chosen: 'preferred' }`. */
  readonly columns?: Readonly<Partial<Record<Name, string>>> | undefined;
  /** Which split of a Python `DatasetDict` folder to read; `train` where there are several. */
  readonly split?: string | undefined;
}

/**
 * Reads and checks a preference dataset: `.arrow` (IPC file or stream), `.jsonl`, `.jsonl.gz`, `.csv`, `.parquet`, or a folder written by
 * `save_to_disk` of Python's `datasets`. Columns that it does not know are left aside. An Arrow file is not held in memory:
 * its record batches are read when rows of theirs are; other formats are kept as Arrow columns.
 *
 * Errors name file and row or line: `file.not-found`, `data.unknown-format`, `data.empty-dataset`, `data.broken-json`,
 * `data.missing-column` (with the nearest key), `data.wrong-type`, `data.empty-answer`, `data.mixed-row`,
 * `data.mixed-rows`, `data.no-shared-beginning`, `data.invalid-text`, `data.truncated-file`, `data.broken-file`,
 * `data.ragged-row`, `data.broken-csv`,
 * `data.no-such-split`, `data.not-a-dataset-folder`.
 */
export async function readPreferences(path: string, options: ReadOptions = {}): Promise<PreferenceDataset> {
  return readDataset(preferenceFormat, path, options.columns, options.split);
}

/** Reads and checks a dataset of ranked lists (`prompt`, `responses`, `scores`), as {@link readPreferences} reads pairs. */
export async function readRanked(path: string, options: ReadOptions<RankedColumnName> = {}): Promise<RankedDataset> {
  return readDataset(rankedFormat, path, options.columns, options.split);
}

/** Reads and checks answers that were judged one by one (`prompt`, `completion`, `label`), as {@link readPreferences} reads pairs. */
export async function readLabelled(
  path: string,
  options: ReadOptions<LabelledColumnName> = {},
): Promise<LabelledDataset> {
  return readDataset(labelledFormat, path, options.columns, options.split);
}

/** How the dataset at this path is stored: a folder, or what its ending says. Errors: `file.not-found`, `data.unknown-format`. */
export async function kindOfDataset(path: string): Promise<FileKind> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : fileKind(path);
  } catch (error) {
    throw asFileError(error, path);
  }
}

/** Reads rows of either format. */
async function readDataset<Row>(
  format: RowFormat<Row>,
  path: string,
  columns: ColumnMapping = {},
  split?: string,
): Promise<Dataset<Row>> {
  const kind = await kindOfDataset(path);
  if (kind === 'folder' || kind === 'arrow') {
    const { schema, blocks } = await (kind === 'folder' ? openDatasetsFolder(path, split) : openArrowFile(path));
    return arrowDataset(format, schema, blocks, path, columns);
  }
  const read = recordReader(format, kind, path, columns);
  return withRecordBatches(
    format,
    recordSource(format, path, columns, read),
    () => ({}),
    async (schema, batches) => {
      const blocks: Block[] = [];
      for await (const batch of batches) blocks.push(memoryBlock(batch));
      return arrowDataset(format, schema, blocks, path, {}, false);
    },
  );
}

/** How to go through the records of a file that is not Arrow. */
export function recordReader<Row>(
  format: RowFormat<Row>,
  kind: Exclude<FileKind, 'arrow' | 'folder'>,
  path: string,
  columns: ColumnMapping,
): () => AsyncIterable<readonly PlacedRecord[]> {
  if (kind === 'parquet') return () => readParquet(path, wantedColumns(format, columns));
  if (kind === 'csv') return () => readCsv(path, wantedColumns(format, columns));
  return () => readJsonl(path);
}

/** The format's columns under the names that the file has for them. */
function wantedColumns<Row>(format: RowFormat<Row>, mapping: ColumnMapping): readonly Column[] {
  return format.columns.map((column) => ({ ...column, name: mapping[column.name] ?? column.name }));
}

function memoryBlock(batch: RecordBatch): Block {
  return { rows: batch.numRows, bytes: 0, load: () => batch };
}
