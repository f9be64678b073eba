import type { Values } from '@dpo/engine';
import type { TokenPair } from './batch.js';
import type { Method } from './method.js';

/** Means over pairs, under the names that TRL gives them. Those of rewards are absent for a method without rewards. */
export interface PairMetrics {
  readonly loss: number;
  readonly 'rewards/chosen'?: number;
  readonly 'rewards/rejected'?: number;
  /** The share of pairs whose chosen answer has the higher reward; a tie counts one half. */
  readonly 'rewards/accuracies'?: number;
  readonly 'rewards/margins'?: number;
  /**
   * Pearson's correlation of the margins with |y_w| − |y_l| in tokens: near 1 where longer answers are rewarded for being
   * longer. Absent for fewer than three pairs, or where one of the two does not vary.
   */
  readonly 'rewards/length_correlation'?: number;
  /** log π(y_w|x), summed over the answer. */
  readonly 'logps/chosen'?: number;
  readonly 'logps/rejected'?: number;
}

/** What a compiled function says of each pair. */
export interface PairValues {
  readonly losses: readonly number[]; // [pairs]
  /** By column of the method's sides. */
  readonly policy: readonly (readonly number[])[]; // [K][pairs]
  readonly rewards: readonly (readonly number[])[] | undefined; // [K][pairs]
}

/** Reads the per-pair outputs of a compiled function, one after another where there were several micro-batches. */
export function pairValues(outputs: readonly Readonly<Record<string, Values>>[], method: Method): PairValues {
  const k = method.sides.length;
  const all = (name: string) => outputs.flatMap((output) => [...(output[name]?.data ?? [])]);
  const columns = (values: readonly number[]) => method.sides.map((_, i) => values.filter((_, j) => j % k === i));
  const rewards = all('rewards');
  return {
    losses: all('losses'),
    policy: columns(all('policy')),
    rewards: rewards.length === 0 ? undefined : columns(rewards),
  };
}

/** The means that go into the records, of the pairs that the values belong to, in their order. */
export function pairMetrics(
  { losses, policy, rewards }: PairValues,
  method: Method,
  pairs: readonly TokenPair[],
): PairMetrics {
  const bySide = (what: string, columns: readonly (readonly number[])[]) =>
    Object.fromEntries(method.sides.map((side, i) => [`${what}/${side}`, mean(columns[i] ?? [])]));
  const [chosen, rejected] = rewards ?? [];
  const margins = chosen !== undefined && rejected !== undefined ? chosen.map((c, i) => c - (rejected[i] ?? 0)) : [];
  const longer = pairs.map((pair) => pair.chosen.length - pair.rejected.length);
  const correlation = margins.length === longer.length ? pearson(margins, longer) : undefined;
  return {
    loss: mean(losses),
    ...(rewards === undefined ? {} : bySide('rewards', rewards)),
    ...(margins.length === 0
      ? {}
      : {
          'rewards/accuracies': mean(margins.map((margin) => (margin > 0 ? 1 : margin === 0 ? 0.5 : 0))),
          'rewards/margins': mean(margins),
        }),
    ...(correlation === undefined ? {} : { 'rewards/length_correlation': correlation }),
    ...bySide('logps', policy),
  };
}

/** The same numbers under the names of an evaluation: `eval_` before each. */
export type EvaluationMetrics = { readonly [K in keyof PairMetrics as `eval_${K}`]: PairMetrics[K] };

export function evaluationMetrics(metrics: PairMetrics): EvaluationMetrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`eval_${name}`, value])) as unknown as {
    eval_loss: number;
  };
}

/** Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)² Σ (y − ȳ)²) */
function pearson(x: readonly number[], y: readonly number[]): number | undefined {
  const centred = (values: readonly number[]) => values.map((value) => value - mean(values));
  const [a, b] = [centred(x), centred(y)];
  const product = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, i) => sum + value * (v[i] ?? 0), 0);
  const scale = Math.sqrt(product(a, a) * product(b, b));
  return x.length >= 3 && scale > 1e-9 ? product(a, b) / scale : undefined;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
