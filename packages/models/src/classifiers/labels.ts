import { DpoError, isObject } from '@dpo/base';

/** How logits become probabilities: one of several labels, each label by itself, or not at all. */
export type ProblemType = 'single-label' | 'multi-label' | 'regression';

/** No classifier has more labels than these. */
const MOST = 100_000;

/** The labels of a classifier, in the order of its logits. */
export interface Labels {
  readonly names: readonly string[];
  readonly problem: ProblemType;
}

/**
 * The labels of a config.json: `id2label`, else `num_labels` (default 2) labels called LABEL_0, LABEL_1, … The problem is
 * `problem_type`, else a regression for a single label (a reward model), else one of several labels.
 *
 * @throws {DpoError} `model.bad-config` for an impossible number of labels.
 */
export function labelsOf(config: Readonly<Record<string, unknown>>): Labels {
  const table = isObject(config.id2label) ? config.id2label : {};
  const count = Object.keys(table).length || (config.num_labels ?? 2);
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1 || count > MOST)
    throw new DpoError('model.bad-config', `"num_labels" must be 1 to ${MOST}, not ${JSON.stringify(count)}.`, {
      values: { key: 'num_labels', received: count },
    });
  const names = Array.from({ length: count }, (_, id) => String(table[id] ?? `LABEL_${id}`));
  if (config.problem_type === 'multi_label_classification') return { names, problem: 'multi-label' };
  if (config.problem_type === 'regression' || count === 1) return { names, problem: 'regression' };
  return { names, problem: 'single-label' };
}

/** e^z / Σ e^z for one of several labels, 1 / (1 + e^−z) for each label by itself, undefined for a regression. */
export function probabilitiesOf(logits: readonly number[], problem: ProblemType): number[] | undefined {
  if (problem === 'regression') return undefined;
  if (problem === 'multi-label') return logits.map((z) => 1 / (1 + Math.exp(-z)));
  const largest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
