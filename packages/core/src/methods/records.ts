import { type Columns, mean, means } from '../method.js';

/**
 * The record of pairs: the mean of each column, and from `rewards/chosen` and `rewards/rejected`
 *
 * - `rewards/accuracies`: the share of pairs whose chosen answer has the higher reward; a tie counts one half
 * - `rewards/margins`: the mean of their differences
 * - `rewards/length_correlation`: Pearson's correlation of the margins with `length_difference`, |y_w| − |y_l| in tokens. It is
 *   near 1 when longer answers are rewarded for being longer. Absent for fewer than three pairs, and when margins or lengths do
 *   not vary.
 *
 * Names are TRL's.
 */
export function pairRecords({ length_difference: longer = [], ...columns }: Columns): Record<string, number> {
  const { 'rewards/chosen': chosen, 'rewards/rejected': rejected } = columns;
  if (chosen === undefined || rejected === undefined) return means(columns);
  const margins = chosen.map((reward, i) => reward - (rejected[i] ?? 0));
  const correlation = pearson(margins, longer);
  const { 'rewards/chosen': _, 'rewards/rejected': __, ...others } = columns;
  return {
    'rewards/chosen': mean(chosen),
    'rewards/rejected': mean(rejected),
    'rewards/accuracies': mean(margins.map(rightly)),
    'rewards/margins': mean(margins),
    ...(correlation === undefined ? {} : { 'rewards/length_correlation': correlation }),
    ...means(others),
  };
}

/**
 * The record of judged answers, from the columns `rewards`, `logps` and `desirable` (1 or 0):
 *
 * - `…/chosen`: means over the desirable answers
 * - `…/rejected`: means over the undesirable answers
 * - `rewards/accuracies` and `rewards/margins`: means over all couples of a desirable and an undesirable answer of the step
 *
 * A step without answers of one kind lacks the numbers of that kind, accuracies and margins.
 */
export function judgedRecords({ rewards = [], logps = [], desirable = [] }: Columns): Record<string, number> {
  const kind = (values: readonly number[], isDesirable: boolean) =>
    values.filter((_, i) => (desirable[i] as number) > 0.5 === isDesirable);
  const [chosen, rejected] = [kind(rewards, true), kind(rewards, false)];
  const both = chosen.length > 0 && rejected.length > 0;
  return {
    ...meanOf('rewards/chosen', chosen),
    ...meanOf('rewards/rejected', rejected),
    ...(both
      ? {
          'rewards/accuracies': mean(chosen.flatMap((c) => rejected.map((r) => rightly(c - r)))),
          'rewards/margins': mean(chosen) - mean(rejected),
        }
      : {}),
    ...meanOf('logps/chosen', kind(logps, true)),
    ...meanOf('logps/rejected', kind(logps, false)),
  };
}

function meanOf(name: string, values: readonly number[]): Record<string, number> {
  return values.length === 0 ? {} : { [name]: mean(values) };
}

function rightly(margin: number): number {
  return margin > 0 ? 1 : margin === 0 ? 0.5 : 0;
}

/** Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)² Σ (y − ȳ)²) */
function pearson(x: readonly number[], y: readonly number[]): number | undefined {
  if (x.length < 3 || x.length !== y.length) return undefined;
  const centred = (values: readonly number[]) => {
    const middle = mean(values);
    return values.map((value) => value - middle);
  };
  const [a, b] = [centred(x), centred(y)];
  const product = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, i) => sum + value * (v[i] ?? 0), 0);
  const scale = Math.sqrt(product(a, a) * product(b, b));
  return scale > 1e-9 ? product(a, b) / scale : undefined;
}
