/** An answer's score, and its length in characters. */
export interface ScoredAnswer {
  readonly score: number;
  readonly length: number;
}

/** Answers to one prompt that are known to be right or wrong: one of each in a pair, several in a best-of-n. */
export interface ScoredComparison {
  readonly right: readonly ScoredAnswer[];
  readonly wrong: readonly ScoredAnswer[];
  /** The part of the data that it belongs to. */
  readonly subset?: string | undefined;
  readonly id?: string | undefined;
}

/** A right answer beside a wrong one. */
export interface WeightedMargin {
  /** s_right − s_wrong */
  readonly margin: number;
  /** Characters of the right answer over those of the wrong one; 1 where both are empty. */
  readonly lengthRatio: number;
  /** 1 over the pairs of the comparison: every comparison weighs 1. */
  readonly weight: number;
}

/** The right answers' share of those that have the best score. */
export function bestShare({ right, wrong }: ScoredComparison, of: (answer: ScoredAnswer) => number = scoreOf): number {
  const best = Math.max(...[...right, ...wrong].map(of));
  const atBest = (answers: readonly ScoredAnswer[]) => answers.filter((answer) => of(answer) === best).length;
  return atBest(right) / (atBest(right) + atBest(wrong));
}

/** The same by a ruler that always takes the longest answer. */
export function longerShare(comparison: ScoredComparison): number {
  return bestShare(comparison, ({ length }) => length);
}

/** Every right answer beside every wrong one. */
export function weightedMargins({ right, wrong }: ScoredComparison): readonly WeightedMargin[] {
  const weight = 1 / (right.length * wrong.length);
  return right.flatMap((one) =>
    wrong.map((other) => ({
      margin: one.score - other.score,
      lengthRatio: ratioOf(one.length, other.length),
      weight,
    })),
  );
}

function scoreOf({ score }: ScoredAnswer): number {
  return score;
}

/** Beside an empty answer any other is longer than all bins. */
function ratioOf(length: number, other: number): number {
  if (length === other) return 1;
  return other === 0 ? Number.MAX_VALUE : length / other;
}
