import { atOnce, DpoError, type Steps, type Tokenizer } from '@dpo/base';
import { type PlacedRows, placedError } from '../rows/encode-place.js';
import { checkLimits, type EncodeOptions } from './encode-text.js';

/** Turns rows into tokens. */
type Encode<Given, Result> = (
  rows: Iterable<Given> & PlacedRows,
  tokenizer: Tokenizer,
  options?: EncodeOptions,
) => Result;

/** Turns rows of a kind into tokens, all at once; and by `steps`, which `inPieces` of `@dpo/base` does with pauses. */
export interface Encoder<Given, Row> extends Encode<Given, Row[]> {
  /** The same in steps of one row. */
  readonly steps: Encode<Given, Steps<Row[]>>;
}

/** An encoder by its steps. Tokens that are kept from run to run are known by its name. */
export function encoder<Given, Row>(
  name: string,
  steps: (rows: Iterable<Given> & PlacedRows, tokenizer: Tokenizer, options: EncodeOptions) => Steps<Row[]>,
): Encoder<Given, Row> {
  const encode: Encode<Given, Row[]> = (rows, tokenizer, options = {}) => atOnce(steps(rows, tokenizer, options));
  Object.defineProperty(encode, 'name', { value: name });
  return Object.assign(encode, {
    steps: ((rows, tokenizer, options = {}) => steps(rows, tokenizer, options)) satisfies Encode<Given, Steps<Row[]>>,
  });
}

/**
 * Encodes rows one by one, one a step. An error of a row names the file and the line as well, where the rows know theirs. With `onError`
 * such rows are told and left out.
 *
 * @throws `data.all-skipped` where `onError` was told of every row; `options.invalid` for limits
 */
export function* encodeEach<Given, Encoded>(
  rows: Iterable<Given> & PlacedRows,
  options: EncodeOptions,
  encode: (given: Given, row: number) => Encoded,
): Generator<undefined, Encoded[]> {
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
    yield;
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
