import { DpoError } from '@dpo/base';
import { preferenceDataset } from '../rows/dataset.js';
import type { PreferenceDataset, PreferencePair } from '../rows/types.js';
import { placedRows, type Rows, rowsWithPlaces } from './_placed.js';
import { seededUnit } from './seeded.js';

/** A dataset of a mixture. */
export interface MixPart {
  readonly dataset: Rows<PreferencePair>;
  /** The dataset's share of the mixture, relative to the other weights. Positive and finite. */
  readonly weight: number;
}

/**
 * Mixes datasets by weight. The mixture is as large as possible without repeating a row: with n = minᵢ nᵢ / wᵢ (weights
 * normalised), part i gives round(n · wᵢ) of its rows, drawn by the seed. The seed shuffles the rows of all parts as well. Rows
 * know their places in files when the rows of all parts do.
 *
 * @throws DpoError `options.invalid` (no parts, a weight that is not positive and finite, an empty part), `data.mixed-rows`
 */
export function mixPreferences(parts: readonly MixPart[], seed = 0): PreferenceDataset {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const lists = parts.map(({ dataset }) => [...rowsWithPlaces(dataset)]);
  const wrong = parts.findIndex(({ weight }, i) => !(weight > 0 && Number.isFinite(weight)) || lists[i]?.length === 0);
  if (parts.length === 0 || wrong >= 0) {
    const what = parts.length === 0 ? 'there are no parts' : `part ${wrong + 1} has no rows or a weight not above 0`;
    throw new DpoError('options.invalid', `The datasets cannot be mixed: ${what}.`, { values: { part: wrong } });
  }
  const shares = parts.map(({ weight }) => weight / total);
  const size = Math.min(...lists.map((list, i) => list.length / (shares[i] as number)));
  const draws = lists.flatMap((list, part) => {
    const count = Math.min(list.length, Math.max(1, Math.round(size * (shares[part] as number))));
    return shuffled(list, seed, `draw ${part}`).slice(0, count);
  });
  return preferenceDataset(placedRows(shuffled(draws, seed, 'order')));
}

function shuffled<Value>(values: readonly Value[], seed: number, key: string): Value[] {
  return values
    .map((value, i) => ({ value, at: seededUnit(seed, key, String(i)) }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
