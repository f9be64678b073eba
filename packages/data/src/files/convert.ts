import { DpoError } from '@dpo/base';
import { writeFileAtomic } from '@dpo/base/files';
import { preferenceFormat } from '../rows/row-format.js';
import { iterableSource, type RowSource } from '../rows/row-source.js';
import type { PreferencePair } from '../rows/types.js';
import { type ShapeName, writeShape } from '../shapes/write-shape.js';
import { fileKind } from './file-kind.js';
import { diskFile, kindOfDataset, readPreferences } from './read.js';
import { fileSource, type ReadOptions } from './read-file.js';
import { fromTheStart } from './records.js';
import { noParquet, type WriteOptions, writeDataset } from './write.js';

/**
 * Reads a preference dataset and writes it in the format that the ending of `output` says. Rows are written while they are
 * read, so that files may be larger than memory. The place `output` keeps its content unless every row was good.
 *
 * Returns the number of rows.
 * @throws DpoError the errors of `readPreferences` and `writePreferences`
 */
export async function convertPreferences(
  input: string,
  output: string,
  options: ReadOptions & WriteOptions = {},
): Promise<{ readonly rows: number }> {
  if (fileKind(output) === 'parquet') throw noParquet(output);
  return { rows: await writeDataset(preferenceFormat, await sourceOf(input, options), output, options) };
}

/**
 * Reads a preference dataset and writes it as JSON lines (`.jsonl`, `.jsonl.gz`) in the shape of another program. The place
 * `output` keeps its content unless every row has a form in that shape.
 *
 * Returns the number of rows, and the names of the properties that the shape has no room for.
 * @throws DpoError the errors of `readPreferences`; `data.not-for-shape` with row and key; `data.unknown-format` for a place of
 * another format
 */
export async function convertToShape(
  input: string,
  output: string,
  shape: ShapeName,
  options: ReadOptions = {},
): Promise<{ readonly rows: number; readonly leftOut: readonly string[] }> {
  const kind = fileKind(output);
  if (kind !== 'jsonl' && kind !== 'jsonl.gz') {
    throw new DpoError('data.unknown-format', `${output}: the shape "${shape}" is written as JSON lines.`, {
      values: { path: output, shape },
      hint: 'Write .jsonl or .jsonl.gz.',
    });
  }
  const source = await sourceOf(input, options);
  let result = { rows: 0, leftOut: [] as readonly string[] };
  await fromTheStart(() =>
    writeFileAtomic(output, async (file) => {
      result = await writeShape(shape, source, file, kind === 'jsonl.gz');
    }),
  );
  return result;
}

/** The rows of a dataset, one after another. */
async function sourceOf(input: string, options: ReadOptions): Promise<RowSource<PreferencePair>> {
  const kind = await kindOfDataset(input);
  return kind === 'arrow' || kind === 'folder'
    ? iterableSource(await readPreferences(input, options), input)
    : fileSource(preferenceFormat, kind, diskFile(input), options);
}
