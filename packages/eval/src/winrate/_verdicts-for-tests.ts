import { random } from '@dpo/base';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';

/** A verdict with as much as matters. */
export function verdictOn(
  prompt: number | string,
  first: StoredVerdict['first'],
  verdict: StoredVerdict['verdict'],
  more: Partial<StoredVerdict> = {},
): StoredVerdict {
  return { prompt_id: String(prompt), first, repetition: 0, verdict, ...more };
}

/** Answers of made-up lengths, the model's longer by `longer` on average, and whether the model's is truly the better one. */
export interface MadePair {
  readonly prompt: string;
  readonly model_length: number;
  readonly baseline_length: number;
  readonly better: boolean;
}

export function madePairs(n: number, { rate = 0.5, longer = 0, seed = 0 } = {}): MadePair[] {
  const next = random(seed);
  return Array.from({ length: n }, (_, i) => {
    const baseline_length = 500 + Math.floor(500 * next());
    const model_length = Math.max(1, baseline_length + Math.floor(longer + 600 * (next() - 0.5)));
    return { prompt: `p${i}`, model_length, baseline_length, better: next() < rate };
  });
}

/** The verdicts of a judge that is asked about every pair in both orders. */
export function judgeBothOrders(
  pairs: readonly MadePair[],
  judge: (pair: MadePair, first: StoredVerdict['first']) => StoredVerdict['verdict'],
): StoredVerdict[] {
  return pairs.flatMap((pair) =>
    (['model', 'baseline'] as const).map((first) => {
      const { prompt, model_length, baseline_length } = pair;
      return verdictOn(prompt, first, judge(pair, first), { model_length, baseline_length });
    }),
  );
}

/** What an upright judge says. */
export function truth({ better }: MadePair, first: StoredVerdict['first']): 'first' | 'second' {
  return better === (first === 'model') ? 'first' : 'second';
}
