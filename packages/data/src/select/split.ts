import { DpoError, type Text } from '@dpo/base';
import { sha256 } from '#sha256';
import { preferenceDataset } from '../rows/dataset.js';
import type { PreferenceDataset, PreferencePair } from '../rows/types.js';
import { drawnFrom, placedRows, type Rows } from './_placed.js';

/** How to split a dataset in two. */
export interface SplitOptions {
  /** Share of the prompts to hold out, in (0, 1). */
  readonly fraction: number;
  readonly seed?: number | undefined;
}

/**
 * Splits pairs into a training and a held-out set so that no prompt is in both. Whether a prompt is held out depends on
 * the prompt, the seed and the number of prompts alone, never on the order of the rows: of all prompts, sorted by a
 * seeded hash, the first `fraction` are held out, at least one and not all. Rows know their places in files where the dataset's do.
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
  const pairs = [...drawnFrom(dataset)];
  const keys = pairs.map(({ value }) => promptKey(value.prompt, seed));
  const order = [...new Set(keys)].sort();
  if (order.length < 2) {
    throw new DpoError('data.one-prompt', 'The dataset has fewer than two prompts and cannot be split by prompt.', {
      values: { prompts: order.length },
    });
  }
  const count = Math.min(order.length - 1, Math.max(1, Math.round(fraction * order.length)));
  const held = new Set(order.slice(0, count));
  const part = (holdOut: boolean) =>
    preferenceDataset(placedRows(pairs.filter((_, i) => held.has(keys[i] as string) === holdOut)));
  return { train: part(false), heldOut: part(true) };
}

function promptKey(prompt: Text, seed: number): string {
  return sha256()
    .update(`${seed}\n${JSON.stringify(prompt)}`)
    .hex();
}
