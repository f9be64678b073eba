import type { EncodedExample } from '@dpo/base';
import type { Values } from '@dpo/engine';
import { divisorOf, type Method } from './method.js';

/**
 * Means over pairs, under the names that TRL gives them. Those of rewards are absent for a method without rewards. Where rows
 * are of one side alone (KTO), each mean is over the rows of its side, and accuracies compare every chosen answer of the
 * step with every rejected one.
 */
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
  /** KTO's estimate of the KL divergence from the reference, in nats. */
  readonly kl?: number;
}

/** What a compiled function says of each pair. */
export interface PairValues {
  readonly losses: readonly number[]; // [pairs]
  /** log π(y|x) by column of the method's sides; NaN where a row is not of that side. */
  readonly logps: readonly (readonly number[])[]; // [sides][pairs]
  readonly rewards: readonly (readonly number[])[] | undefined; // [sides][pairs]
}

/** Reads the per-pair outputs of a compiled function, one after another where there were several micro-batches. */
export function pairValues(
  outputs: readonly Readonly<Record<string, Values>>[],
  { sides }: { readonly sides: readonly string[] },
): PairValues {
  const all = (name: string) => outputs.flatMap((output) => [...(output[name]?.data ?? [])]);
  const columns = (values: readonly number[]) =>
    sides.map((_, side) => values.filter((_, i) => i % sides.length === side));
  const rewards = all('rewards');
  return {
    losses: all('losses'),
    logps: columns(all('logps')),
    rewards: rewards.length === 0 ? undefined : columns(rewards),
  };
}

/** The means that go into the records, of the rows that the values belong to, in their order. */
export function pairMetrics<Row extends EncodedExample>(
  { losses, logps, rewards }: PairValues,
  method: Method<Row>,
  rows: readonly Row[],
): PairMetrics {
  const bySide = (what: string, columns: readonly (readonly number[])[]) =>
    Object.fromEntries(
      method.sides.flatMap((side, i) => {
        const values = method.unpaired ? there(columns[i] ?? []) : (columns[i] ?? []);
        return values.length === 0 ? [] : [[`${what}/${side}`, mean(values)]];
      }),
    );
  return {
    loss: losses.reduce((sum, loss) => sum + loss, 0) / divisorOf(method, rows),
    ...(rewards === undefined ? {} : bySide('rewards', rewards)),
    ...(method.unpaired ? unpairedMargins(rewards) : pairedMargins(rewards, method, rows)),
    ...bySide('logps', logps),
  };
}

function pairedMargins<Row extends EncodedExample>(
  [chosen, rejected]: readonly (readonly number[])[] = [],
  method: Method<Row>,
  rows: readonly Row[],
): Partial<PairMetrics> {
  if (chosen === undefined || rejected === undefined || chosen.length === 0) return {};
  const margins = chosen.map((c, i) => c - (rejected[i] ?? 0));
  const longer = rows.map((row) => {
    const answers = method.answers(row);
    return (answers[0]?.length ?? 0) - (answers.at(-1)?.length ?? 0);
  });
  const correlation = margins.length === longer.length ? pearson(margins, longer) : undefined;
  return {
    'rewards/accuracies': mean(margins.map(rightly)),
    'rewards/margins': mean(margins),
    ...(correlation === undefined ? {} : { 'rewards/length_correlation': correlation }),
  };
}

function unpairedMargins(rewards: readonly (readonly number[])[] = []): Partial<PairMetrics> {
  const [chosen = [], rejected = []] = rewards.map(there);
  if (chosen.length === 0 || rejected.length === 0) return {};
  return {
    'rewards/accuracies': mean(chosen.flatMap((c) => rejected.map((r) => rightly(c - r)))),
    'rewards/margins': mean(chosen) - mean(rejected),
  };
}

function rightly(margin: number): number {
  return margin > 0 ? 1 : margin === 0 ? 0.5 : 0;
}

function there(values: readonly number[]): readonly number[] {
  return values.filter((value) => !Number.isNaN(value));
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
