import { DpoError, type Text } from '@dpo/base';
import { sha256 } from '#sha256';
import { preferenceDataset } from '../rows/dataset.js';
import type { PreferenceDataset, PreferencePair } from '../rows/types.js';
import { placedRows, type Rows, rowsWithPlaces } from './_placed.js';

/** The options of {@link splitByPrompt}. */
export interface SplitOptions {
  /** Share of the prompts to hold out, in (0, 1). */
  readonly fraction: number;
  /** Draws the prompts to hold out. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * Splits pairs into a training and a held-out set so that no prompt is in both. The first `fraction` of all prompts, sorted by a
 * seeded hash, are held out: at least one prompt, and not all. So the split does not depend on the order of the rows. Rows keep
 * the places that the dataset's rows know.
 *
 * @throws DpoError `options.invalid` (fraction), `data.one-prompt` (fewer than two prompts)
 */
export function splitByPrompt(
  dataset: Rows<PreferencePair>,
  options: SplitOptions,
): { readonly train: PreferenceDataset; readonly heldOut: PreferenceDataset } {
  const { fraction, seed = 0 } = options;
  if (!(fraction > 0 && fraction < 1)) {
    throw new DpoError('options.invalid', `fraction must lie between 0 and 1, not ${fraction}.`, {
      values: { fraction },
    });
  }
  const pairs = [...rowsWithPlaces(dataset)];
  const keys = pairs.map(({ value }) => promptKey(value.prompt, seed));
  const order = [...new Set(keys)].sort();
  if (order.length < 2) {
    throw new DpoError('data.one-prompt', 'The dataset has fewer than two prompts and cannot be split by prompt.', {
      values: { prompts: order.length },
    });
  }
  const count = Math.min(order.length - 1, Math.max(1, Math.round(fraction * order.length)));
  const heldOutKeys = new Set(order.slice(0, count));
  const part = (holdOut: boolean) =>
    preferenceDataset(placedRows(pairs.filter((_, i) => heldOutKeys.has(keys[i] as string) === holdOut)));
  return { train: part(false), heldOut: part(true) };
}

function promptKey(prompt: Text, seed: number): string {
  return sha256()
    .update(`${seed}\n${JSON.stringify(prompt)}`)
    .hex();
}
