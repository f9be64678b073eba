import { DpoError } from '@dpo/base';

/** How far two judges of the same items agree. */
export interface Agreement {
  /** How many items both judged. */
  readonly count: number;
  /** Share of these items with equal labels. */
  readonly agreement: number;
  /** Cohen's κ: 1 for full agreement, 0 for the agreement of chance, NaN when all labels of both are the same. */
  readonly kappa: number;
  /** Each label's share among the labels of both: κ means little when nearly all labels are the same. */
  readonly prevalence: Readonly<Record<string, number>>;
}

/**
 * Raw agreement and Cohen's κ of two judges, a tie being a label as any other:
 *
 *     κ = (p_o − p_e) / (1 − p_e),   p_e = Σ_label p_a(label) · p_b(label)
 *
 * Items that either judge left out (undefined) do not count. Source: Cohen 1960, Educational and Psychological Measurement 20.
 *
 * @throws DpoError `eval.not-paired` for lists of different lengths, `eval.no-values` when no item has both labels
 */
export function agreementOf(a: readonly (string | undefined)[], b: readonly (string | undefined)[]): Agreement {
  if (a.length !== b.length)
    throw new DpoError('eval.not-paired', `Cannot pair ${a.length} verdicts with ${b.length}.`, {
      values: { first: a.length, second: b.length },
    });
  const both = a.flatMap((label, i) => {
    const other = b[i];
    return label === undefined || other === undefined ? [] : [[label, other] as const];
  });
  const count = both.length;
  if (count === 0) throw new DpoError('eval.no-values', 'No item was judged by both.');
  const labels = [...new Set(both.flat())].sort();
  const share = (side: 0 | 1, label: string) => both.filter((pair) => pair[side] === label).length / count;
  const agreement = both.filter(([one, other]) => one === other).length / count;
  const chance = labels.reduce((sum, label) => sum + share(0, label) * share(1, label), 0);
  return {
    count,
    agreement,
    kappa: labels.length === 1 ? Number.NaN : (agreement - chance) / (1 - chance),
    prevalence: Object.fromEntries(labels.map((label) => [label, (share(0, label) + share(1, label)) / 2])),
  };
}

/**
 * Krippendorff's α for labels, of any number of raters, each of whom may have left items out (undefined): 1 − D_o / D_e, with D_o
 * the disagreement within items, and D_e the disagreement among all labels of items with two labels or more,
 *
 *     α = 1 − (n − 1) · Σ_u Σ_{c≠k} n_uc n_uk / (m_u − 1)  /  Σ_{c≠k} n_c n_k
 *
 * n_uc raters gave item u the label c, m_u raters rated u, n = Σ_u m_u. NaN when all labels are the same.
 * `ratings` has a list of items for each rater. Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability".
 *
 * @throws DpoError `eval.not-paired` for raters with lists of different lengths, `eval.no-values` when no item has two labels
 */
export function krippendorffAlpha(ratings: readonly (readonly (string | undefined)[])[]): number {
  const items = ratings[0]?.length ?? 0;
  if (ratings.some((rater) => rater.length !== items))
    throw new DpoError('eval.not-paired', 'The raters have lists of different lengths.', {
      values: { lengths: ratings.map((rater) => rater.length) },
    });
  const totals = new Map<string, number>();
  let observed = 0;
  let n = 0;
  for (let item = 0; item < items; item++) {
    const labels = ratings.map((rater) => rater[item]).filter((label) => label !== undefined);
    if (labels.length < 2) continue;
    const counts = tally(labels);
    observed += unlikePairs(counts, labels.length) / (labels.length - 1);
    n += labels.length;
    for (const [label, count] of counts) totals.set(label, (totals.get(label) ?? 0) + count);
  }
  if (n === 0) throw new DpoError('eval.no-values', 'No item has labels of two raters.');
  return 1 - ((n - 1) * observed) / unlikePairs(totals, n);
}

function tally(labels: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Σ_{c≠k} n_c n_k = n² − Σ_c n_c². */
function unlikePairs(counts: ReadonlyMap<string, number>, n: number): number {
  return n ** 2 - [...counts.values()].reduce((sum, count) => sum + count ** 2, 0);
}
