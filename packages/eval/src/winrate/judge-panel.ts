import { isUsable, type StoredVerdict } from '../verdicts/stored-verdict.js';
import { type PairVerdicts, verdictsByRater } from './pair-scores.js';

/** What the verdicts say of their judge. A share of nothing is undefined. */
export interface JudgePanel {
  /** How many verdicts of each kind there are. */
  readonly counts: Readonly<Record<StoredVerdict['verdict'], number>>;
  /** Of the pairs with a usable verdict in both orders: the share on which both prefer the same answer, or neither. */
  readonly consistency: number | undefined;
  /**
   * Of the decided verdicts: the share that went to the answer seen first. Undefined when the model stood on the same
   * side in all, since the rate would be the model's win rate then.
   */
  readonly firstPositionRate: number | undefined;
  /** Of the verdicts that repeat a usable one: the share that says the same. */
  readonly repetitionAgreement: number | undefined;
  /** How many verdicts repeat a usable one. */
  readonly repetitions: number;
}

/** The panel of a judge, from all pairs. */
export function judgePanel(pairs: readonly PairVerdicts[]): JudgePanel {
  const verdicts = pairs.flatMap((pair) => pair.verdicts);
  const counts = { first: 0, second: 0, tie: 0, unparsable: 0, refused: 0, failed: 0 };
  for (const { verdict } of verdicts) counts[verdict]++;
  const byRater = pairs.flatMap((pair) => verdictsByRater(pair.verdicts));
  const repeats = byRater.flatMap(repeatedVerdicts);
  return {
    counts,
    consistency: shareOf(byRater.flatMap(consistentOrders)),
    firstPositionRate: firstPositionRate(verdicts),
    repetitionAgreement: shareOf(repeats),
    repetitions: repeats.length,
  };
}

function shareOf(values: readonly boolean[]): number | undefined {
  return values.length === 0 ? undefined : values.filter(Boolean).length / values.length;
}

function firstPositionRate(verdicts: readonly StoredVerdict[]): number | undefined {
  const decided = verdicts.filter(({ verdict }) => verdict === 'first' || verdict === 'second');
  if (new Set(decided.map(({ first }) => first)).size < 2) return undefined;
  return shareOf(decided.map(({ verdict }) => verdict === 'first'));
}

/** Whom a usable verdict prefers: the model, the baseline or neither. */
export function preferenceOf({ first, verdict }: StoredVerdict): 'model' | 'baseline' | 'tie' {
  if (verdict === 'tie') return 'tie';
  return (verdict === 'first') === (first === 'model') ? 'model' : 'baseline';
}

/** For each repetition with usable verdicts of one rater in both orders: whether the two agree. */
export function consistentOrders(verdicts: readonly StoredVerdict[]): boolean[] {
  const usable = verdicts.filter(({ verdict }) => isUsable(verdict));
  return usable.flatMap((one) => {
    if (one.first !== 'model') return [];
    const other = usable.find((each) => each.first === 'baseline' && each.repetition === one.repetition);
    return other === undefined ? [] : [preferenceOf(one) === preferenceOf(other)];
  });
}

/** For each usable verdict after the first usable one in the same order: whether the two are the same. */
function repeatedVerdicts(verdicts: readonly StoredVerdict[]): boolean[] {
  return (['model', 'baseline'] as const).flatMap((side) => {
    const [base, ...again] = verdicts
      .filter(({ first, verdict }) => first === side && isUsable(verdict))
      .sort((a, b) => a.repetition - b.repetition);
    return base === undefined ? [] : again.map(({ verdict }) => verdict === base.verdict);
  });
}
