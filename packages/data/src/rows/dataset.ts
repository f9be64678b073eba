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
 * A dataset in memory, checked as a file's rows would be: texts all plain or all conversations, answers not empty,
 * numbers finite; whole conversations are split at their shared beginning. Where the rows know their places in files
 * (`placeOf`), so does the dataset.
 *
 * Errors name the row: `data.missing-column`, `data.wrong-type`, `data.empty-answer`, `data.mixed-row`,
 * `data.mixed-rows`, `data.invalid-text`; `data.empty-dataset` where there is no row.
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
 * The answers of pairs, judged one by one: each chosen answer desirable, each rejected one not. It forgets which answer was
 * compared with which.
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

function memoryDataset<Row>(format: RowFormat<Row>, given: Iterable<Row> & PlacedRows): Dataset<Row> {
  const rows = [...checkedRows(format, given)];
  if (rows.length === 0) throw emptyDataset(undefined);
  const print = fingerprintOf(format, rows);
  return {
    length: rows.length,
    ...(given.placeOf === undefined ? {} : { placeOf: given.placeOf.bind(given) }),
    at: (row) => rows[row] ?? noSuchRow(row, rows.length),
    get fingerprint() {
      return print.atOnce();
    },
    fingerprintInPieces: print.inPieces,
    [Symbol.iterator]: () => rows[Symbol.iterator](),
  };
}

/** The rows, checked and normalised as one goes through them. They can be gone through more than once. */
export function checkedRows<Row>(format: RowFormat<Row>, given: Iterable<Row>): Iterable<Row> {
  const iterator: unknown = given[Symbol.iterator]();
  const values = iterator === given ? [...given] : given;
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

/** @throws DpoError `data.no-such-row` */
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
