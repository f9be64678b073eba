/** An answer's score, and its length in characters. */
export interface ScoredAnswer {
  readonly score: number;
  readonly length: number;
}

/** Right and wrong answers to a prompt: one of each in a pair, several in a best-of-n. */
export interface ScoredComparison {
  readonly right: readonly ScoredAnswer[];
  readonly wrong: readonly ScoredAnswer[];
  /** The part of the data that the comparison belongs to. */
  readonly subset?: string | undefined;
  readonly id?: string | undefined;
}

/** A right answer beside a wrong one. */
export interface WeightedMargin {
  /** s_right − s_wrong */
  readonly margin: number;
  /** Length of the right answer over length of the wrong answer; 1 when both are empty. */
  readonly lengthRatio: number;
  /** 1 over the number of pairs in the comparison, so that every comparison weighs 1. */
  readonly weight: number;
}

/** The right answers' share among the answers with the best score. */
export function bestShare({ right, wrong }: ScoredComparison, of: (answer: ScoredAnswer) => number = scoreOf): number {
  const best = Math.max(...[...right, ...wrong].map(of));
  const atBest = (answers: readonly ScoredAnswer[]) => answers.filter((answer) => of(answer) === best).length;
  return atBest(right) / (atBest(right) + atBest(wrong));
}

/** The right answers' share among the longest answers. */
export function longerShare(comparison: ScoredComparison): number {
  return bestShare(comparison, ({ length }) => length);
}

/** The margin of every right answer to every wrong answer. */
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

/** The ratio of two lengths: 1 for two empty answers, and in the last bin when the second answer alone is empty. */
function ratioOf(length: number, other: number): number {
  if (length === other) return 1;
  return other === 0 ? Number.MAX_VALUE : length / other;
}
