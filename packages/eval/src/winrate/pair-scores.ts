import { mean } from '../statistics.js';
import { isUsable, type StoredVerdict, scoreOf } from '../verdicts/stored-verdict.js';

/** Two answers to a prompt, with all verdicts on them. Scores are the model's share, 0 to 1. */
export interface PairVerdicts {
  readonly prompt: string;
  readonly verdicts: readonly StoredVerdict[];
  /**
   * Mean over raters of the mean over both orders, each the mean of its repetitions. Verdicts without a rater are one judge's.
   * Undefined when all verdicts were lost.
   */
  readonly score: number | undefined;
  /** The score with all lost verdicts against the model, and with all for it. */
  readonly worst: number;
  readonly best: number;
  /** How many of the two orders were asked. */
  readonly orders: 1 | 2;
  /** How many of the orders that were asked have a usable verdict. */
  readonly answered: number;
  /** Lengths of the answers in characters; undefined when no verdict says them. */
  readonly modelLength: number | undefined;
  readonly baselineLength: number | undefined;
}

/** A pair with a score. */
export type ScoredPair = PairVerdicts & { readonly score: number };

/** The key of the pair that a verdict is about. */
export function pairKey({
  prompt_id,
  temperature,
  sample,
}: Pick<StoredVerdict, 'prompt_id' | 'temperature' | 'sample'>): string {
  return JSON.stringify([prompt_id, temperature ?? null, sample ?? null]);
}

/** The key of the question that a verdict answers: pair, order, repetition and rater. */
export function questionKey(
  about: Pick<StoredVerdict, 'prompt_id' | 'temperature' | 'sample' | 'first' | 'repetition' | 'rater'>,
): string {
  return JSON.stringify([pairKey(about), about.first, about.repetition, about.rater ?? null]);
}

/**
 * The verdicts that count: the last one on each question, since a failed question is asked again on a later line of the file.
 */
export function lastVerdicts(verdicts: readonly StoredVerdict[]): StoredVerdict[] {
  const last = new Map<string, StoredVerdict>();
  for (const verdict of verdicts) last.set(questionKey(verdict), verdict);
  return [...last.values()];
}

/** Puts verdicts together by pair, in the order in which the pairs first occur. */
export function verdictsByPair(verdicts: readonly StoredVerdict[]): PairVerdicts[] {
  const pairs = new Map<string, StoredVerdict[]>();
  for (const verdict of lastVerdicts(verdicts)) {
    const key = pairKey(verdict);
    const earlier = pairs.get(key);
    if (earlier === undefined) pairs.set(key, [verdict]);
    else earlier.push(verdict);
  }
  return [...pairs.values()].map(pairVerdicts);
}

function pairVerdicts(verdicts: readonly StoredVerdict[]): PairVerdicts {
  const orders = ordersOf(verdicts);
  const raters = verdictsByRater(verdicts).map(raterScores);
  const raterMeans = raters.flatMap(({ score }) => (score === undefined ? [] : [score]));
  return {
    prompt: (verdicts[0] as StoredVerdict).prompt_id,
    verdicts,
    score: raterMeans.length === 0 ? undefined : mean(raterMeans),
    worst: mean(raters.map(({ worst }) => worst)),
    best: mean(raters.map(({ best }) => best)),
    orders: orders.length === 2 ? 2 : 1,
    answered: orders.filter(hasUsable).length,
    modelLength: meanLength(verdicts.map((verdict) => verdict.model_length)),
    baselineLength: meanLength(verdicts.map((verdict) => verdict.baseline_length)),
  };
}

/** Verdicts by who gave them. Verdicts without a rater are one judge's. */
export function verdictsByRater(verdicts: readonly StoredVerdict[]): StoredVerdict[][] {
  const raters = new Set(verdicts.map(({ rater }) => rater));
  return Array.from(raters, (rater) => verdicts.filter((verdict) => verdict.rater === rater));
}

function raterScores(verdicts: readonly StoredVerdict[]): Pick<PairVerdicts, 'score' | 'worst' | 'best'> {
  const orders = ordersOf(verdicts);
  const answered = orders.filter(hasUsable);
  return {
    score: answered.length === 0 ? undefined : mean(answered.map((order) => mean(order.flatMap(scores)))),
    worst: mean(orders.map((order) => mean(order.map((verdict) => scoreOf(verdict) ?? 0)))),
    best: mean(orders.map((order) => mean(order.map((verdict) => scoreOf(verdict) ?? 1)))),
  };
}

function ordersOf(verdicts: readonly StoredVerdict[]): StoredVerdict[][] {
  return (['model', 'baseline'] as const)
    .map((first) => verdicts.filter((verdict) => verdict.first === first))
    .filter((order) => order.length > 0);
}

function hasUsable(order: readonly StoredVerdict[]): boolean {
  return order.some(({ verdict }) => isUsable(verdict));
}

function scores(verdict: StoredVerdict): number[] {
  const score = scoreOf(verdict);
  return score === undefined ? [] : [score];
}

function meanLength(lengths: readonly (number | undefined)[]): number | undefined {
  const ofVerdicts = lengths.filter((length) => length !== undefined);
  return ofVerdicts.length === 0 ? undefined : mean(ofVerdicts);
}

/** The pairs of which at least one verdict is usable. */
export function scoredPairs(pairs: readonly PairVerdicts[]): ScoredPair[] {
  return pairs.flatMap((pair) => (pair.score === undefined ? [] : [{ ...pair, score: pair.score }]));
}
