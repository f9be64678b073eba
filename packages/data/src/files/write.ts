import { DpoError } from '@dpo/base';
import { placeOf, writeFileAtomic, writeFolderAtomic } from '@dpo/base/files';
import { checkedRows } from '../rows/dataset.js';
import { labelledFormat, preferenceFormat, type RowFormat, rankedFormat } from '../rows/row-format.js';
import { iterableSource, type RowSource, withRecordBatches } from '../rows/row-source.js';
import type { LabelledAnswer, PreferencePair, RankedList } from '../rows/types.js';
import type { ArrowCompression } from './arrow/codecs.js';
import { writeArrowFile } from './arrow/write.js';
import { fillDatasetsFolder, pythonMetadata } from './datasets-folder.js';
import { fileKind } from './file-kind.js';
import { fromTheStart } from './records.js';
import { writeCsv } from './text/write-csv.js';
import { writeJsonl } from './text/write-jsonl.js';

/** The options of writing a dataset. */
export interface WriteOptions {
  /** Compresses the buffers of an Arrow file: `lz4` is faster, `zstd` makes smaller files. Default no compression. */
  readonly compression?: ArrowCompression | undefined;
  /**
   * Awaited between writing the dataset to a temporary place and moving it to `path`. An error here leaves `path` unchanged.
   * Datasets that belong together are written one inside the other's `before`.
   */
  readonly before?: (() => Promise<void>) | undefined;
}

/**
 * Writes a preference dataset: `.arrow` (IPC file), `.jsonl`, `.jsonl.gz`, `.csv` (conversations as JSON), or, for a name
 * without an ending, a folder that `datasets.load_from_disk` opens in Python. The path gets the whole dataset or stays
 * unchanged.
 *
 * @throws DpoError the errors of rows (see `preferenceDataset`), `data.empty-dataset`, `data.unknown-format`,
 * `file.not-ours` (the path is a folder that this program did not write), `data.not-compressible` (a format without
 * compression of its own), and the errors of the file system
 */
export async function writePreferences(
  dataset: Iterable<PreferencePair>,
  path: string,
  options?: WriteOptions,
): Promise<void> {
  await writeDataset(preferenceFormat, iterableSource(checkedRows(preferenceFormat, dataset)), path, options);
}

/** Writes ranked lists, as {@link writePreferences} writes pairs. */
export async function writeRanked(dataset: Iterable<RankedList>, path: string, options?: WriteOptions): Promise<void> {
  await writeDataset(rankedFormat, iterableSource(checkedRows(rankedFormat, dataset)), path, options);
}

/** Writes judged answers, as {@link writePreferences} writes pairs. */
export async function writeLabelled(
  dataset: Iterable<LabelledAnswer>,
  path: string,
  options?: WriteOptions,
): Promise<void> {
  await writeDataset(labelledFormat, iterableSource(checkedRows(labelledFormat, dataset)), path, options);
}

/** Writes checked rows in the format that the path's ending says. Returns the number of rows. */
export async function writeDataset<Row>(
  format: RowFormat<Row>,
  source: RowSource<Row>,
  path: string,
  options: WriteOptions = {},
): Promise<number> {
  return fromTheStart(() => writeRows(format, source, path, options));
}

async function writeRows<Row>(
  format: RowFormat<Row>,
  source: RowSource<Row>,
  path: string,
  { compression, before }: WriteOptions,
): Promise<number> {
  const kind = fileKind(path);
  if (kind === 'parquet') throw noParquet(path);
  if (compression !== undefined && kind !== 'arrow') throw notCompressible(path);
  let rows = 0;
  if (kind === 'folder') {
    // The place is checked before the rows are read, which may be many.
    await placeOf(path, 'dataset');
    await withRecordBatches(format, source, pythonMetadata, async (schema, batches) =>
      writeFolderAtomic(path, 'dataset', async (folder) => {
        rows = await fillDatasetsFolder(folder, schema, batches);
        await before?.();
      }),
    );
  } else if (kind === 'arrow') {
    await withRecordBatches(
      format,
      source,
      () => ({}),
      async (schema, batches) =>
        writeFileAtomic(path, async (file) => {
          rows = await writeArrowFile(file, schema, batches, compression);
          await before?.();
        }),
    );
  } else {
    await writeFileAtomic(path, async (file) => {
      rows = await (kind === 'csv'
        ? writeCsv(format, source, file)
        : writeJsonl(format, source, file, kind === 'jsonl.gz'));
      await before?.();
    });
  }
  return rows;
}

function notCompressible(path: string): DpoError {
  return new DpoError('data.not-compressible', `${path}: only Arrow files are compressed this way.`, {
    values: { path },
    hint: 'Write .arrow, or .jsonl.gz.',
  });
}

/** The error for a path that ends in `.parquet`, a format for reading only. */
export function noParquet(path: string): DpoError {
  return new DpoError('data.unknown-format', `${path}: Parquet is read, not written.`, {
    values: { path },
    hint: "Write .arrow or a folder of Python's datasets.",
  });
}
