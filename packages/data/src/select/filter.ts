import { DpoError } from '@dpo/base';
import { plainText } from '../rows/conversation.js';
import { noSuchRow } from '../rows/dataset.js';
import type { PreferencePair } from '../rows/types.js';
import type { Rows } from './_placed.js';

/** The limits of the pairs to keep. A pair must be within all of them. */
export interface FilterOptions {
  /** The least chosen score − rejected score. Pairs without both scores are left out. */
  readonly minMargin?: number | undefined;
  /** The largest chosen score − rejected score. Pairs without both scores are left out. */
  readonly maxMargin?: number | undefined;
  /** The largest number of characters (UTF-16 units) of the prompt. A conversation counts as lines `role: content`. */
  readonly maxPromptCharacters?: number | undefined;
  /** The largest number of characters of the longer answer. */
  readonly maxAnswerCharacters?: number | undefined;
  /** The least number of characters of the shorter answer. Default 0. */
  readonly minAnswerCharacters?: number | undefined;
}

/**
 * The pairs within limits of score margin and length, filtered during iteration. They keep the places that the pairs know.
 *
 * @throws DpoError `options.invalid` for a limit that is no number
 */
export function filterPreferences(pairs: Rows<PreferencePair>, options: FilterOptions): Rows<PreferencePair> {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && Number.isNaN(value)) {
      throw new DpoError('options.invalid', `${name} must be a number.`, { values: { [name]: value } });
    }
  }
  const { placeOf } = pairs;
  return {
    *[Symbol.iterator]() {
      for (const pair of pairs) if (isWithin(pair, options)) yield pair;
    },
    ...(placeOf === undefined ? {} : { placeOf: (row) => placeOf.call(pairs, sourceRowOf(pairs, options, row)) }),
  };
}

/** The number, among all pairs, of a pair among the filtered ones. Counted anew at each call: only errors ask for a place. */
function sourceRowOf(pairs: Iterable<PreferencePair>, options: FilterOptions, row: number): number {
  let index = 0;
  let count = 0;
  for (const pair of pairs) {
    if (isWithin(pair, options) && count++ === row) return index;
    index++;
  }
  return noSuchRow(row, count);
}

function isWithin(pair: PreferencePair, options: FilterOptions): boolean {
  const { minMargin, maxMargin } = options;
  if (minMargin !== undefined || maxMargin !== undefined) {
    // A missing score makes the margin NaN, which lies within no limits.
    const margin = (pair.chosenScore ?? Number.NaN) - (pair.rejectedScore ?? Number.NaN);
    if (!(margin >= (minMargin ?? Number.NEGATIVE_INFINITY) && margin <= (maxMargin ?? Number.POSITIVE_INFINITY))) {
      return false;
    }
  }
  const { maxPromptCharacters: prompt = Number.POSITIVE_INFINITY, maxAnswerCharacters = Number.POSITIVE_INFINITY } =
    options;
  const answers = [pair.chosen, pair.rejected].map((text) => plainText(text).length);
  return (
    plainText(pair.prompt).length <= prompt &&
    Math.max(...answers) <= maxAnswerCharacters &&
    Math.min(...answers) >= (options.minAnswerCharacters ?? 0)
  );
}
