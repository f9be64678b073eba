import { createHash } from 'node:crypto';
import { DpoError, permutation, random } from '@dpo/base';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { pairKey } from '../winrate/pair-scores.js';
import type { Comparison, JudgedPair } from './judge.js';

/** A question to a judge, which gets a line of the file of verdicts. */
export interface Question {
  readonly pair: JudgedPair;
  readonly first: StoredVerdict['first'];
  readonly repetition: number;
}

/** How questions are made from pairs. */
export interface QuestionOptions {
  /** `both`, the default: each pair twice, each answer first once. `one`: each pair once, the order drawn by the seed. */
  readonly orders?: 'both' | 'one' | undefined;
  /** The share of questions that is asked a second time, 0 to 1; at least one question unless 0. Default 0.05. */
  readonly repetitionShare?: number | undefined;
  /** Draws repetitions, and orders when `orders` is `one`. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * The questions about pairs: first all pairs in their orders, then the repetitions. The same pairs, options and seed give the
 * same questions.
 *
 * @throws DpoError `eval.same-pair` when two pairs have the same promptId, temperature and sample
 */
export function questionsOf(
  pairs: readonly JudgedPair[],
  { orders = 'both', repetitionShare = 0.05, seed = 0 }: QuestionOptions = {},
): Question[] {
  checkNames(pairs);
  const once = pairs.flatMap((pair, i): Question[] => {
    const baselineFirst = orders === 'one' && random(seed, 1, i)() < 0.5;
    const question = (first: StoredVerdict['first']) => ({ pair, first, repetition: 0 });
    if (orders === 'one') return [question(baselineFirst ? 'baseline' : 'model')];
    return [question('model'), question('baseline')];
  });
  const repeated = permutation(once.length, seed, 2).subarray(0, Math.ceil(repetitionShare * once.length));
  return [...once, ...Array.from(repeated, (i) => ({ ...(once[i] as Question), repetition: 1 }))];
}

function checkNames(pairs: readonly JudgedPair[]): void {
  const names = new Set<string>();
  for (const { promptId, temperature, sample } of pairs) {
    const name = pairKey({ prompt_id: promptId, temperature, sample });
    if (names.has(name))
      throw new DpoError('eval.same-pair', `Two pairs have prompt ${promptId}, the same temperature and sample.`, {
        values: { prompt: promptId, temperature, sample },
        hint: 'Number the answers to a prompt by `sample`.',
      });
    names.add(name);
  }
}

/** A question as the judge sees it. */
export function comparisonOf({ pair, first, repetition }: Question): Comparison {
  const { prompt, model, baseline } = pair;
  const sides = first === 'model' ? { first: model, second: baseline } : { first: baseline, second: model };
  return { prompt, ...sides, order: first === 'model' ? 0 : 1, repetition };
}

/** The keys of a verdict that its question has. */
export function verdictHead({ pair, first, repetition }: Question) {
  const { promptId, model, baseline, temperature, sample } = pair;
  return {
    prompt_id: promptId,
    first,
    repetition,
    model_length: characters(model),
    baseline_length: characters(baseline),
    temperature,
    sample,
    prompt_digest: pairDigest(pair),
  };
}

/** Tells a prompt with its two answers from any other: the beginning of their SHA-256, 16 hexadecimal digits. */
function pairDigest({ prompt, model, baseline }: JudgedPair): string {
  return digestOf([prompt, model, baseline]);
}

/** The beginning of the SHA-256 of a value as JSON: 16 hexadecimal digits. */
function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** Unicode characters, as Python counts them. */
function characters(text: string): number {
  return [...text].length;
}
