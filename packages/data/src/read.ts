import { stat } from 'node:fs/promises';
import { asFileError } from '@dpo/base/files';
import type { RecordBatch } from 'apache-arrow';
import { type Block, openArrowFile } from './_arrow-blocks.js';
import { arrowDataset } from './_arrow-dataset.js';
import { type FileKind, fileKind } from './_file-kind.js';
import { preferenceFormat, type RowFormat, rankedFormat } from './_row-format.js';
import { withRecordBatches } from './_row-source.js';
import type { ColumnMapping, ColumnName, RankedColumnName } from './columns.js';
import { openDatasetsFolder } from './datasets-folder.js';
import { jsonlSource } from './jsonl.js';
import type { Dataset, PreferenceDataset, RankedDataset } from './types.js';

/** How to read a dataset. */
export interface ReadOptions<Name extends string = ColumnName> {
  /** Which of the file's columns to read as which of ours: `{ chosen: 'preferred' }`. */
  readonly columns?: Readonly<Partial<Record<Name, string>>> | undefined;
  /** Which split of a Python `DatasetDict` folder to read; `train` where there are several. */
  readonly split?: string | undefined;
}

/**
 * Reads and checks a preference dataset: `.arrow` (IPC file or stream), `.jsonl`, `.jsonl.gz`, or a folder written by
 * `save_to_disk` of Python's `datasets`. Columns that it does not know are left aside. An Arrow file is not held in memory:
 * its record batches are read when rows of theirs are; lines of JSON are kept as Arrow columns.
 *
 * Errors name file and row or line: `file.not-found`, `data.unknown-format`, `data.empty-dataset`, `data.broken-json`,
 * `data.missing-column` (with the nearest key), `data.wrong-type`, `data.empty-answer`, `data.mixed-row`,
 * `data.mixed-rows`, `data.no-shared-beginning`, `data.invalid-text`, `data.truncated-file`, `data.broken-file`,
 * `data.no-such-split`, `data.not-a-dataset-folder`.
 */
export async function readPreferences(path: string, options: ReadOptions = {}): Promise<PreferenceDataset> {
  return readDataset(preferenceFormat, path, options.columns, options.split);
}

/** Reads and checks a dataset of ranked lists (`prompt`, `responses`, `scores`), as {@link readPreferences} reads pairs. */
export async function readRanked(path: string, options: ReadOptions<RankedColumnName> = {}): Promise<RankedDataset> {
  return readDataset(rankedFormat, path, options.columns, options.split);
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
export async function readDataset<Row>(
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
  return withRecordBatches(
    format,
    jsonlSource(format, path, columns),
    () => ({}),
    async (schema, batches) => {
      const blocks: Block[] = [];
      for await (const batch of batches) blocks.push(memoryBlock(batch));
      return arrowDataset(format, schema, blocks, path, {}, false);
    },
  );
}

function memoryBlock(batch: RecordBatch): Block {
  return { rows: batch.numRows, bytes: 0, load: () => batch };
}
