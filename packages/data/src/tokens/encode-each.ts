import { atOnce, DpoError, type Steps, type Tokenizer } from '@dpo/base';
import { type PlacedRows, placedError } from '../rows/encode-place.js';
import { checkLimits, type EncodeOptions } from './encode-options.js';
import { encodeNow } from './encode-text.js';
import type { ExampleKind } from './example-kind.js';

/** Turns rows into tokens. */
type Encode<Row, Result> = (rows: Iterable<Row> & PlacedRows, tokenizer: Tokenizer, options?: EncodeOptions) => Result;

/** Turns rows of a kind into tokens, all at once; and by `steps`, which `inPieces` of `@dpo/base` does with pauses. */
export interface Encoder<Row, Example> extends Encode<Row, Example[]> {
  /** The same in steps of one row. */
  readonly steps: Encode<Row, Steps<Example[]>>;
  /** Which texts a row has, and what is made of their tokens. */
  readonly kind: ExampleKind<Row, unknown, Example>;
}

/** An encoder that takes the rows' texts one by one. */
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

/** What becomes of rows, one after another. */
interface DraftCollector<Draft> {
  /** Adds what is made of the next row, whose number is handed over. */
  add(make: (number: number) => Draft): void;
  /** All of them. @throws DpoError `data.all-skipped` when `onError` was told of every row */
  end(): Draft[];
}

/**
 * Collects what becomes of rows. An error of a row names the file and the line as well, when the rows know theirs. With
 * `onError` such rows are told and left out.
 *
 * @throws DpoError `options.invalid` for limits
 */
export function draftCollector<Draft>(rows: PlacedRows, options: EncodeOptions): DraftCollector<Draft> {
  checkLimits(options);
  const { onError, firstRow = 0 } = options;
  const drafts: Draft[] = [];
  let first: DpoError | undefined;
  let row = firstRow;
  return {
    add(make) {
      try {
        drafts.push(make(row));
      } catch (error) {
        if (!DpoError.is(error) || error.values.row !== row) throw error;
        const placed = placedError(error, rows);
        if (onError === undefined) throw placed;
        first ??= placed;
        onError(placed);
      }
      row++;
    },
    end() {
      if (first === undefined || drafts.length > 0) return drafts;
      throw new DpoError(
        'data.all-skipped',
        `None of the ${row - firstRow} rows can be used. The first: ${first.message}`,
        {
          values: { rows: row - firstRow, code: first.code },
          ...(first.hint === undefined ? {} : { hint: first.hint }),
          cause: first,
        },
      );
    },
  };
}
