import { krippendorffAlpha } from '../inference/agreement.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { type PairVerdicts, verdictsByPair } from '../winrate/pair-scores.js';

/** Who was preferred. */
export type PairLabel = 'model' | 'baseline' | 'tie';

/** Whom the verdicts on one pair prefer over both orders; undefined when all are lost. Rounding of probabilities decides nothing. */
export function labelOf(verdicts: readonly StoredVerdict[]): PairLabel | undefined {
  const score = verdictsByPair(verdicts)[0]?.score;
  if (score === undefined) return undefined;
  if (Math.abs(score - 0.5) < 1e-9) return 'tie';
  return score > 0.5 ? 'model' : 'baseline';
}

/** Krippendorff's α over raters of pairs; undefined when no pair has two raters, NaN when all judgements are the same. */
export function alphaBetweenRaters(pairs: readonly Pick<PairVerdicts, 'verdicts'>[]): number | undefined {
  const raters = new Set(pairs.flatMap(({ verdicts }) => verdicts.map(({ rater }) => rater)));
  const ratings = Array.from(raters, (rater) =>
    pairs.map(({ verdicts }) => labelOf(verdicts.filter((verdict) => verdict.rater === rater))),
  );
  const hasPairOfTwo = pairs.some((_, i) => ratings.filter((own) => own[i] !== undefined).length > 1);
  return hasPairOfTwo ? krippendorffAlpha(ratings) : undefined;
}
