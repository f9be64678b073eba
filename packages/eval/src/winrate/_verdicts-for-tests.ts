import { random } from '@dpo/base';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';

/** A verdict with the keys that figures depend on. */
export function verdictOn(
  prompt: number | string,
  first: StoredVerdict['first'],
  verdict: StoredVerdict['verdict'],
  more: Partial<StoredVerdict> = {},
): StoredVerdict {
  return { prompt_id: String(prompt), first, repetition: 0, verdict, ...more };
}

/** The lengths of two answers, and whether the model's is truly the better one. */
export interface SamplePair {
  readonly prompt: string;
  readonly model_length: number;
  readonly baseline_length: number;
  readonly better: boolean;
}

/** Pairs at random: the model is better in `rate` of them, and its answers are `longer` characters longer on average. */
export function samplePairs(n: number, { rate = 0.5, longer = 0, seed = 0 } = {}): SamplePair[] {
  const next = random(seed);
  return Array.from({ length: n }, (_, i) => {
    const baseline_length = 500 + Math.floor(500 * next());
    const model_length = Math.max(1, baseline_length + Math.floor(longer + 600 * (next() - 0.5)));
    return { prompt: `p${i}`, model_length, baseline_length, better: next() < rate };
  });
}

/** The verdicts of a judge that is asked about every pair in both orders. */
export function judgeBothOrders(
  pairs: readonly SamplePair[],
  judge: (pair: SamplePair, first: StoredVerdict['first']) => StoredVerdict['verdict'],
): StoredVerdict[] {
  return pairs.flatMap((pair) =>
    (['model', 'baseline'] as const).map((first) => {
      const { prompt, model_length, baseline_length } = pair;
      return verdictOn(prompt, first, judge(pair, first), { model_length, baseline_length });
    }),
  );
}

/** The verdict of a judge that is always right. */
export function truth({ better }: SamplePair, first: StoredVerdict['first']): 'first' | 'second' {
  return better === (first === 'model') ? 'first' : 'second';
}
