import { mean } from '../statistics.js';
import { isUsable, type StoredVerdict, scoreOf } from '../verdicts/stored-verdict.js';

/** Two answers to a prompt, with all verdicts on them. Scores are the model's share, 0 to 1. */
export interface PairVerdicts {
  readonly prompt: string;
  readonly verdicts: readonly StoredVerdict[];
  /** Mean of both orders, each the mean of its repetitions; undefined where all verdicts were lost. */
  readonly score: number | undefined;
  /** The score with all lost verdicts against the model, and with all for it. */
  readonly worst: number;
  readonly best: number;
  /** Whether both orders were asked. */
  readonly asked: 'both' | 'one';
  /** How many of the orders that were asked have a usable verdict. */
  readonly answered: number;
  /** Lengths of the answers in characters, where verdicts say them. */
  readonly modelLength: number | undefined;
  readonly baselineLength: number | undefined;
}

/** A pair with a score. */
export type ScoredPair = PairVerdicts & { readonly score: number };

/** What a verdict is about: two answers to one prompt. */
export function pairKey({
  prompt_id,
  temperature,
  sample,
}: Pick<StoredVerdict, 'prompt_id' | 'temperature' | 'sample'>): string {
  return JSON.stringify([prompt_id, temperature ?? null, sample ?? null]);
}

/** What a verdict answers: which order of which pair, asked for which time. */
export function questionKey(
  about: Pick<StoredVerdict, 'prompt_id' | 'temperature' | 'sample' | 'first' | 'repetition'>,
): string {
  return JSON.stringify([pairKey(about), about.first, about.repetition]);
}

/**
 * The verdicts that count: of several on the same pair in the same order and repetition the last, since a later line of the
 * file is an asking again of what had failed.
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
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, [verdict]);
    else known.push(verdict);
  }
  return [...pairs.values()].map(pairVerdicts);
}

function pairVerdicts(verdicts: readonly StoredVerdict[]): PairVerdicts {
  const orders = (['model', 'baseline'] as const)
    .map((first) => verdicts.filter((verdict) => verdict.first === first))
    .filter((order) => order.length > 0);
  const answered = orders.filter((order) => order.some(({ verdict }) => isUsable(verdict)));
  return {
    prompt: (verdicts[0] as StoredVerdict).prompt_id,
    verdicts,
    score: answered.length === 0 ? undefined : mean(answered.map((order) => mean(order.flatMap(scores)))),
    worst: mean(orders.map((order) => mean(order.map((verdict) => scoreOf(verdict) ?? 0)))),
    best: mean(orders.map((order) => mean(order.map((verdict) => scoreOf(verdict) ?? 1)))),
    asked: orders.length === 2 ? 'both' : 'one',
    answered: answered.length,
    modelLength: meanLength(verdicts.map((verdict) => verdict.model_length)),
    baselineLength: meanLength(verdicts.map((verdict) => verdict.baseline_length)),
  };
}

function scores(verdict: StoredVerdict): number[] {
  const score = scoreOf(verdict);
  return score === undefined ? [] : [score];
}

function meanLength(lengths: readonly (number | undefined)[]): number | undefined {
  const known = lengths.filter((length) => length !== undefined);
  return known.length === 0 ? undefined : mean(known);
}

/** The pairs of which at least one verdict is usable. */
export function scoredPairs(pairs: readonly PairVerdicts[]): ScoredPair[] {
  return pairs.flatMap((pair) => (pair.score === undefined ? [] : [{ ...pair, score: pair.score }]));
}
