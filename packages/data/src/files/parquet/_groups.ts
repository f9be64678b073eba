import { DpoError } from '@dpo/base';
import { type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { boundedCompressors } from './_compressors.js';
import { type FileRanges, openRanges } from './_file-ranges.js';
import { withoutNulls } from './_values.js';

/** A row group. */
export interface RowGroup {
  /**
   * The rows as plain objects. The columns that were not to be read are keys with the value undefined, so that errors about a
   * row's keys name all of them.
   */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** The names of all columns of the file, whether they are read or not. */
  readonly columns: readonly string[];
}

/** The row groups of a Parquet file, one after another, with the values of `columns`. The library's errors come unchanged. */
export async function* parquetGroups(path: string, columns: ReadonlySet<string>): AsyncGenerator<RowGroup> {
  const file = await openRanges(path);
  try {
    yield* groupsOf(file, path, columns);
  } finally {
    await file.close();
  }
}

async function* groupsOf(file: FileRanges, path: string, columns: ReadonlySet<string>): AsyncGenerator<RowGroup> {
  await checkEnds(file, path);
  const metadata = await parquetMetadataAsync(file);
  const fields = parquetSchema(metadata).children;
  const nodes = fields.filter(({ element }) => columns.has(element.name));
  const otherColumns = Object.fromEntries(
    fields.flatMap(({ element: { name } }) => (columns.has(name) ? [] : [[name, undefined]])),
  );
  const names = nodes.map(({ element }) => element.name);
  checkCounts(metadata);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const compressors = boundedCompressors(file.byteLength);
    const rows = await parquetReadObjects({ file, metadata, columns: names, rowStart, rowEnd, compressors });
    yield {
      rows: rows.map((row) => ({
        ...Object.fromEntries(nodes.map((node) => [node.element.name, withoutNulls(row[node.element.name], node)])),
        ...otherColumns,
      })),
      columns: fields.map(({ element }) => element.name),
    };
    rowStart = rowEnd;
  }
}

/** All rows of a group become objects at once. Writers make groups of far fewer rows. */
const MAX_ROWS = 2 ** 23;

/** Checks the row counts, to which loops run: the groups' counts are not too large, and add up to the file's. */
export function checkCounts(metadata: Pick<FileMetaData, 'num_rows'> & { readonly row_groups: readonly Rows[] }): void {
  const counts = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total !== Number(metadata.num_rows) || counts.some((count) => !Number.isSafeInteger(count) || count < 0))
    throw new Error(`its row groups hold ${total} rows, its footer says ${metadata.num_rows}`);
  const large = counts.find((count) => count > MAX_ROWS);
  if (large !== undefined) throw new Error(`a row group says that it has ${large} rows, more than ${MAX_ROWS}`);
}

type Rows = Pick<FileMetaData['row_groups'][number], 'num_rows'>;

/** Checks that a file ends with `PAR1`, as whole Parquet files do. @throws DpoError `data.truncated-file` */
async function checkEnds(file: FileRanges, path: string): Promise<void> {
  const size = file.byteLength;
  const text = async (from: number, to: number) => Buffer.from(await file.slice(from, to)).toString('latin1');
  if (size >= 12 && (await text(size - 4, size)) === 'PAR1') return;
  throw new DpoError(
    'data.truncated-file',
    `${path} is not a whole Parquet file: its footer is missing (${size} bytes).`,
    {
      values: { path, bytes: size },
      hint: 'Write or download it again.',
    },
  );
}
