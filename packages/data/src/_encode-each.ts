import { DpoError } from '@dpo/base';
import { type PlacedRows, placedError } from './_encode-place.js';
import { checkLimits, type EncodeOptions } from './_encode-text.js';

/**
 * Encodes rows one by one. An error of a row names the file and the line as well, where the rows know theirs. With `onError`
 * such rows are told and left out.
 *
 * @throws `data.all-skipped` where `onError` was told of every row; `options.invalid` for limits
 */
export function encodeEach<Given, Encoded>(
  rows: Iterable<Given> & PlacedRows,
  options: EncodeOptions,
  encode: (given: Given, row: number) => Encoded,
): Encoded[] {
  checkLimits(options);
  const { onError, firstRow = 0 } = options;
  const encoded: Encoded[] = [];
  let first: DpoError | undefined;
  let row = firstRow;
  for (const given of rows) {
    try {
      encoded.push(encode(given, row));
    } catch (error) {
      if (!DpoError.is(error) || error.values.row !== row) throw error;
      const placed = placedError(error, rows);
      if (onError === undefined) throw placed;
      first ??= placed;
      onError(placed);
    }
    row++;
  }
  if (first === undefined || encoded.length > 0) return encoded;
  throw new DpoError(
    'data.all-skipped',
    `None of the ${row - firstRow} rows can be used. The first: ${first.message}`,
    {
      values: { rows: row - firstRow, code: first.code },
      ...(first.hint === undefined ? {} : { hint: first.hint }),
      cause: first,
    },
  );
}
