import { nGrams, type Tokens } from './n-grams.js';

/** The longest n-grams that are compared. */
const LONGEST = 4;
/** The count in place of 0 n-grams in common: smoothing by Chen and Cherry's first method. */
const EPSILON = 0.1;

/**
 * How much texts repeat one another: the mean over texts of BLEU-4 with all other texts as references, 0 to 1. The lower, the
 * more diverse.
 *
 *     BLEU = min(1, e^(1 − r/c)) · (Π_{n ≤ 4} p_n)^¼
 *
 * p_n is the share of a text's n-grams that some other text has as often, c the text's length and r the nearest length of another
 * text. A precision of 0 becomes 0.1 over the number of n-grams. A text without a token in common with the others has BLEU 0.
 *
 * Source: Zhu et al. 2018, "Texygen" (arXiv 1802.01886), with the BLEU of NLTK, smoothing method 1.
 *
 * @returns undefined for fewer than two texts
 */
export function selfBleu(texts: readonly Tokens[]): number | undefined {
  if (texts.length < 2) return undefined;
  const lengths = texts.map(({ length }) => length).sort((a, b) => a - b);
  const precisions = Array.from({ length: LONGEST }, (_, i) => sharedWithOthers(texts, i + 1));
  const scores = texts.map(({ length }, i) =>
    bleu(
      precisions.map((of) => of[i] as Precision),
      length,
      lengths,
    ),
  );
  return scores.reduce((sum, score) => sum + score, 0) / texts.length;
}

interface Precision {
  readonly shared: number;
  readonly total: number;
}

/** For each text: how many n-grams it has, and how many of these another text has as often. */
function sharedWithOthers(texts: readonly Tokens[], n: number): Precision[] {
  const countsOfTexts = texts.map((text) => nGrams(text, n));
  const most = new Map<string, Most>();
  for (const counts of countsOfTexts)
    for (const [key, count] of counts) {
      const { first, second } = most.get(key) ?? { first: 0, second: 0 };
      most.set(key, count > first ? { first: count, second: first } : { first, second: Math.max(second, count) });
    }
  return countsOfTexts.map((counts) => {
    let [shared, total] = [0, 0];
    for (const [key, count] of counts) {
      const { first, second } = most.get(key) as Most;
      total += count;
      // The text with the most of an n-gram is compared with the text with the second most.
      shared += Math.min(count, count === first ? second : first);
    }
    return { shared, total };
  });
}

/** The largest and the second largest count of an n-gram among the texts. */
interface Most {
  readonly first: number;
  readonly second: number;
}

/** @param lengths of all texts, from the shortest up */
function bleu(precisions: readonly Precision[], length: number, lengths: readonly number[]): number {
  if (length === 0 || precisions[0]?.shared === 0) return 0;
  const logs = precisions.map(({ shared, total }) => Math.log((shared > 0 ? shared : EPSILON) / Math.max(1, total)));
  const nearest = nearestOther(length, lengths);
  const brevity = length > nearest ? 1 : Math.exp(1 - nearest / length);
  return brevity * Math.exp(logs.reduce((sum, log) => sum + log / LONGEST, 0));
}

/** The nearest length of another text; of two as near the shorter. */
function nearestOther(length: number, lengths: readonly number[]): number {
  const own = lengths.indexOf(length);
  const [before, after] = [lengths[own - 1], lengths[own + 1]];
  if (before === undefined) return after as number;
  if (after === undefined) return before;
  return length - before <= after - length ? before : after;
}
