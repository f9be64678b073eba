import { emptyDataset, noSuchRow } from '../rows/dataset.js';
import { fingerprintOf } from '../rows/fingerprint.js';
import { checkKind, labelledFormat, preferenceFormat, type RowFormat, rankedFormat } from '../rows/row-format.js';
import type { Dataset, LabelledDataset, PreferenceDataset, RankedDataset } from '../rows/types.js';

/**
 * Several datasets as one, row after row: the files that a large dataset is divided into. Nothing is copied. The fingerprint
 * equals the fingerprint of the same rows in one file.
 *
 * @throws DpoError `data.empty-dataset` for no datasets, `data.mixed-rows` when some are plain text and some conversations
 */
export function joinPreferences(parts: readonly PreferenceDataset[], path?: string): PreferenceDataset {
  return joinDatasets(preferenceFormat, parts, path);
}

/** Datasets of ranked lists as one, as {@link joinPreferences} joins pairs. */
export function joinRanked(parts: readonly RankedDataset[], path?: string): RankedDataset {
  return joinDatasets(rankedFormat, parts, path);
}

/** Datasets of judged answers as one, as {@link joinPreferences} joins pairs. */
export function joinLabelled(parts: readonly LabelledDataset[], path?: string): LabelledDataset {
  return joinDatasets(labelledFormat, parts, path);
}

/** Datasets of one format as one, as {@link joinPreferences} joins pairs. `fingerprint` is passed when it was computed before. */
export function joinDatasets<Row>(
  format: RowFormat<Row>,
  parts: readonly Dataset<Row>[],
  path?: string,
  fingerprint?: string,
): Dataset<Row> {
  const [first, ...others] = parts;
  if (first === undefined) throw emptyDataset(path);
  if (others.length === 0 && path === undefined) return first;
  const chat = format.chat(first.at(0));
  for (const part of others)
    checkKind(format, part.at(0), chat, { ...(part.path === undefined ? {} : { path: part.path }), row: 0 });

  const starts: number[] = [];
  let length = 0;
  for (const part of parts) {
    starts.push(length);
    length += part.length;
  }
  function* rows(): Generator<Row> {
    for (const part of parts) yield* part;
  }
  const locate = (row: number) => {
    if (!(Number.isInteger(row) && row >= 0 && row < length)) noSuchRow(row, length);
    const part = starts.findLastIndex((start) => start <= row);
    return { dataset: parts[part] as Dataset<Row>, index: row - (starts[part] as number) };
  };
  const print = fingerprintOf(format, { [Symbol.iterator]: rows }, fingerprint);
  const numberIn = (part: Dataset<Row>, row: number) => part.numberOf?.(row) ?? row;
  return {
    length,
    numberOf(row) {
      const part = starts.findLastIndex((start) => start <= row);
      const start = parts.slice(0, part).reduce((sum, dataset) => sum + numberIn(dataset, dataset.length), 0);
      return start + numberIn(parts[part] as Dataset<Row>, row - (starts[part] as number));
    },
    ...(path === undefined ? {} : { path }),
    placeOf(row) {
      const { dataset, index } = locate(row);
      return dataset.placeOf?.(index) ?? { path: dataset.path ?? path ?? 'the data', row: index };
    },
    at(row) {
      const { dataset, index } = locate(row);
      return dataset.at(index);
    },
    get fingerprint() {
      return print.atOnce();
    },
    fingerprintInPieces: print.inPieces,
    [Symbol.iterator]: rows,
  };
}
