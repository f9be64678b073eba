import { checkKind, preferenceFormat } from './_row-format.js';
import { emptyDataset, fingerprintOf, noSuchRow } from './dataset.js';
import type { PreferenceDataset, PreferencePair } from './types.js';

/**
 * Several datasets as one, row after row: the files that a large dataset is divided into. Nothing is copied. The
 * fingerprint is that of the same rows in one file.
 *
 * Errors: `data.empty-dataset` for no datasets, `data.mixed-rows` where some are plain text and some conversations.
 */
export function joinPreferences(parts: readonly PreferenceDataset[], path?: string): PreferenceDataset {
  const [first, ...others] = parts;
  if (first === undefined) throw emptyDataset(path);
  if (others.length === 0 && path === undefined) return first;
  const chat = preferenceFormat.chat(first.at(0));
  for (const part of others)
    checkKind(preferenceFormat, part.at(0), chat, { ...(part.path === undefined ? {} : { path: part.path }), row: 0 });

  const starts: number[] = [];
  let length = 0;
  for (const part of parts) {
    starts.push(length);
    length += part.length;
  }
  function* rows(): Generator<PreferencePair> {
    for (const part of parts) yield* part;
  }
  let fingerprint: string | undefined;
  return {
    length,
    ...(path === undefined ? {} : { path }),
    at(row) {
      if (!(Number.isInteger(row) && row >= 0 && row < length)) noSuchRow(row, length);
      const part = starts.findLastIndex((start) => start <= row);
      return (parts[part] as PreferenceDataset).at(row - (starts[part] as number));
    },
    get fingerprint() {
      fingerprint ??= fingerprintOf(preferenceFormat, { [Symbol.iterator]: rows });
      return fingerprint;
    },
    [Symbol.iterator]: rows,
  };
}
