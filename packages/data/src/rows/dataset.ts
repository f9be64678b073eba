import { DpoError } from '@dpo/base';
import type { PlacedRows } from './encode-place.js';
import { fingerprintOf } from './fingerprint.js';
import { checkKind, labelledFormat, preferenceFormat, type RowFormat, rankedFormat } from './row-format.js';
import type {
  Dataset,
  LabelledAnswer,
  LabelledDataset,
  PreferenceDataset,
  PreferencePair,
  RankedDataset,
  RankedList,
} from './types.js';

/**
 * A dataset in memory, checked as a file's rows are: texts are all plain or all conversations, answers are not empty, numbers
 * are finite. Whole conversations are split at their shared beginning. Rows that know their places in files (`placeOf`) keep
 * the places.
 *
 * @throws DpoError with the row: `data.missing-column`, `data.wrong-type`, `data.empty-answer`, `data.mixed-row`,
 * `data.mixed-rows`, `data.invalid-text`; `data.empty-dataset` without a row
 */
export function preferenceDataset(pairs: Iterable<PreferencePair> & PlacedRows): PreferenceDataset {
  return memoryDataset(preferenceFormat, pairs);
}

/** Ranked lists in memory, checked as {@link preferenceDataset} checks pairs. */
export function rankedDataset(lists: Iterable<RankedList>): RankedDataset {
  return memoryDataset(rankedFormat, lists);
}

/** Judged answers in memory, checked as {@link preferenceDataset} checks pairs. */
export function labelledDataset(answers: Iterable<LabelledAnswer>): LabelledDataset {
  return memoryDataset(labelledFormat, answers);
}

/**
 * The answers of pairs as judged answers: each chosen answer is desirable, each rejected answer is not. Which two answers were
 * compared is lost.
 */
export function* labelPairs(pairs: Iterable<PreferencePair>): Generator<LabelledAnswer> {
  for (const { prompt, chosen, rejected, id, source, weight, tools, templateVariables } of pairs) {
    const rest = {
      ...(tools === undefined ? {} : { tools }),
      ...(templateVariables === undefined ? {} : { templateVariables }),
      ...(id === undefined ? {} : { id }),
      ...(source === undefined ? {} : { source }),
      ...(weight === undefined ? {} : { weight }),
    };
    yield { prompt, completion: chosen, label: true, ...rest };
    yield { prompt, completion: rejected, label: false, ...rest };
  }
}

function memoryDataset<Row>(format: RowFormat<Row>, source: Iterable<Row> & PlacedRows): Dataset<Row> {
  const rows = [...checkedRows(format, source)];
  if (rows.length === 0) throw emptyDataset(undefined);
  const print = fingerprintOf(format, rows);
  return {
    length: rows.length,
    ...(source.placeOf === undefined ? {} : { placeOf: source.placeOf.bind(source) }),
    at: (row) => rows[row] ?? noSuchRow(row, rows.length),
    get fingerprint() {
      return print.atOnce();
    },
    fingerprintInPieces: print.inPieces,
    [Symbol.iterator]: () => rows[Symbol.iterator](),
  };
}

/** The rows, checked and normalised during iteration. They can be iterated more than once. */
export function checkedRows<Row>(format: RowFormat<Row>, source: Iterable<Row>): Iterable<Row> {
  const iterator: unknown = source[Symbol.iterator]();
  const values = iterator === source ? [...source] : source;
  return {
    *[Symbol.iterator]() {
      let number = 0;
      let chat: boolean | undefined;
      for (const value of values) {
        const place = { row: number++ };
        const row = format.parse(isRow(value) ? format.record(value) : value, place);
        chat ??= format.chat(row);
        checkKind(format, row, chat, place);
        yield row;
      }
    },
  };
}

function isRow(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Refuses the number of a row that does not exist. @throws DpoError `data.no-such-row` */
export function noSuchRow(row: number, length: number): never {
  throw new DpoError('data.no-such-row', `There is no row ${row}: the dataset has ${length}, counted from 0.`, {
    values: { row, length },
  });
}

/** The error for a file or list without rows. */
export function emptyDataset(path: string | undefined): DpoError {
  return new DpoError('data.empty-dataset', `${path ?? 'The dataset'} holds no rows.`, {
    ...(path === undefined ? {} : { values: { path } }),
    hint: 'A preference dataset needs at least one row with prompt, chosen and rejected.',
  });
}
