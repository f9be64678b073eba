import { stat } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError, isThere } from '@dpo/base/files';
import type { LabelledColumnName, RankedColumnName } from '../rows/columns.js';
import { rowDigest } from '../rows/fingerprint.js';
import { labelledFormat, preferenceFormat, type RowFormat, rankedFormat } from '../rows/row-format.js';
import type { Dataset, LabelledDataset, PreferenceDataset, RankedDataset } from '../rows/types.js';
import { joinDatasets } from '../select/join.js';
import { noSuchSplit } from './_no-such-split.js';
import { openArrowFile } from './arrow/open-arrow-file.js';
import { isDatasetsFolder, openDatasetsFolder } from './datasets-folder.js';
import { DISGUISE_BYTES } from './disguise.js';
import { type ReadKind, readKindByStart } from './file-kind.js';
import { readParquet } from './parquet/parquet.js';
import { type DataFile, type Reading, type ReadOptions, readArrow, readFile } from './read-file.js';
import { isPattern, type Shards, shardsByPattern, shardsOf, splitFromPath } from './shards.js';
import { firstBytes, readBytes } from './text/compression.js';

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
  return readKindByStart(await firstBytes(path, DISGUISE_BYTES), path);
}

/** A file on disk. */
export function diskFile(path: string): DataFile {
  return {
    path,
    bytes: () => readBytes(path),
    arrow: () => openArrowFile(path),
    parquet: (columns, onColumns) => readParquet(path, columns, onColumns),
  };
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
    return readFile(format, kind, diskFile(path), reading);
  }
  const shards = await shardsAt(path, split);
  if (shards === undefined) return readArrow(format, path, await openDatasetsFolder(path, split), reading);
  const parts: Dataset<Row>[] = [];
  for (const file of shards.files) {
    const firstRow = parts.reduce((sum, { length }) => sum + length, 0);
    parts.push(await readPart(format, file, { ...reading, firstRow }));
  }
  return joinDatasets(format, parts, path, digest?.current.fingerprint());
}

/** The files at a folder or pattern; undefined for a folder that Python's `datasets` saved. */
async function shardsAt(path: string, split: string | undefined): Promise<Shards | undefined> {
  if (!(await isThere(path))) return shardsByPattern(path);
  return (await isDatasetsFolder(path)) ? undefined : shardsOf(path, split);
}

/** Reads one of a dataset's files. A shard may be a folder of Python's `datasets`. */
async function readPart<Row>(format: RowFormat<Row>, path: string, reading: Reading<Row>): Promise<Dataset<Row>> {
  const kind = await kindOfDataset(path);
  if (kind === 'folder') return readArrow(format, path, await openDatasetsFolder(path, undefined), reading);
  return readFile(format, kind, diskFile(path), reading);
}
