import { atOnce, DpoError, type Steps, type Tokenizer } from '@dpo/base';
import { type PlacedRows, placedError } from '../rows/encode-place.js';
import { checkLimits, type EncodeOptions } from './encode-options.js';
import { encodeNow } from './encode-text.js';
import type { ExampleKind } from './example-kind.js';

/** A function that turns rows into tokens. */
type Encode<Row, Result> = (rows: Iterable<Row> & PlacedRows, tokenizer: Tokenizer, options?: EncodeOptions) => Result;

/** A function that turns rows of a kind into tokens. Its `steps` do the same for `inPieces` of `@dpo/base`, with pauses. */
export interface Encoder<Row, Example> extends Encode<Row, Example[]> {
  /** The same in steps of one row each. */
  readonly steps: Encode<Row, Steps<Example[]>>;
  /** The texts of a row, and how their tokens become an example. */
  readonly kind: ExampleKind<Row, unknown, Example>;
}

/** The encoder of a kind of example, which encodes texts one by one. */
export function encoder<Row, Draft, Example>(kind: ExampleKind<Row, Draft, Example>): Encoder<Row, Example> {
  const steps: Encode<Row, Steps<Example[]>> = (rows, tokenizer, options = {}) =>
    encodeEach(kind, rows, tokenizer, options);
  const encode: Encode<Row, Example[]> = (rows, tokenizer, options) => atOnce(steps(rows, tokenizer, options));
  return Object.assign(encode, { steps, kind });
}

function* encodeEach<Row, Draft, Example>(
  kind: ExampleKind<Row, Draft, Example>,
  rows: Iterable<Row> & PlacedRows,
  tokenizer: Tokenizer,
  options: EncodeOptions,
): Generator<undefined, Example[]> {
  const drafts = draftCollector<Draft>(rows, options);
  for (const row of rows) {
    drafts.add((number) => {
      const texts = kind.texts(row, number, tokenizer);
      const tokens = texts.map((text) => encodeNow(text, tokenizer, number));
      return kind.assemble(row, number, { texts, tokens, tokenizer, options });
    });
    yield;
  }
  const examples = kind.finish(drafts.end(), options);
  for (;;) {
    const { done, value } = examples.next();
    if (done) return value;
    yield;
  }
}

/** Collects drafts of rows, one after another. */
interface DraftCollector<Draft> {
  /** Adds the draft of the next row. `make` gets the row's number. */
  add(make: (number: number) => Draft): void;
  /** The drafts of all rows. @throws DpoError `data.all-skipped` when every row was skipped */
  end(): Draft[];
}

/**
 * A collector of drafts. The error of a row names the file and the line as well when the rows know their places. With
 * `onError`, rows with errors are reported and skipped.
 *
 * @throws DpoError `options.invalid` for a wrong limit
 */
export function draftCollector<Draft>(rows: PlacedRows, options: EncodeOptions): DraftCollector<Draft> {
  checkLimits(options);
  const { onError, firstRow = 0 } = options;
  const drafts: Draft[] = [];
  let firstError: DpoError | undefined;
  let row = firstRow;
  return {
    add(make) {
      try {
        drafts.push(make(row));
      } catch (error) {
        if (!DpoError.is(error) || error.values.row !== row) throw error;
        const errorWithPlace = placedError(error, rows);
        if (onError === undefined) throw errorWithPlace;
        firstError ??= errorWithPlace;
        onError(errorWithPlace);
      }
      row++;
    },
    end() {
      if (firstError === undefined || drafts.length > 0) return drafts;
      throw new DpoError(
        'data.all-skipped',
        `None of the ${row - firstRow} rows can be used. The first: ${firstError.message}`,
        {
          values: { rows: row - firstRow, code: firstError.code },
          ...(firstError.hint === undefined ? {} : { hint: firstError.hint }),
          cause: firstError,
        },
      );
    },
  };
}
