import { fileKind } from './_file-kind.js';
import { preferenceFormat } from './_row-format.js';
import { iterableSource } from './_row-source.js';
import { fileSource, kindOfDataset, type ReadOptions, readPreferences } from './read.js';
import { noParquet, type WriteOptions, writeDataset } from './write.js';

/**
 * Reads a preference dataset and writes it in the format that `output` names. Rows are passed on as they are read, so the
 * size of the files does not matter. The place is left as it was unless every row was good.
 *
 * Returns the number of rows. Errors: those of `readPreferences` and `writePreferences`.
 */
export async function convertPreferences(
  input: string,
  output: string,
  options: ReadOptions & WriteOptions = {},
): Promise<{ readonly rows: number }> {
  if (fileKind(output) === 'parquet') throw noParquet(output);
  const kind = await kindOfDataset(input);
  const source =
    kind === 'arrow' || kind === 'folder'
      ? iterableSource(await readPreferences(input, options), input)
      : fileSource(preferenceFormat, kind, input, options);
  return { rows: await writeDataset(preferenceFormat, source, output, options) };
}
