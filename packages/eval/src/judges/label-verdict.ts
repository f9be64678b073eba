import type { JudgeReply } from './judge.js';

/** What the labels of a template say, in their order. */
const MEANINGS = ['first', 'second', 'tie'] as const;

/** What the n-th label of a template says. */
export function meaningOf(label: number): (typeof MEANINGS)[number] {
  return MEANINGS[label] ?? 'tie';
}

/** Below this probability of all labels together, 0 to 1, the judge wants to say something else than a label. */
const LEAST_MASS = 0.05;

/**
 * The verdict of a judge whose probabilities of the labels are at hand: the likeliest label, and
 *
 *     p(first) = (p(A) + ½ p(C)) / (p(A) + p(B) + p(C))
 *
 * with C, equally good, when it is offered. `label_mass` is the denominator: how much of the judge's probability went to labels. A label that the judge's list lacks has probability 0.
 *
 * A judge that gives all labels together less than 0.05 has not answered: the verdict is `unparsable`, without `p_first`.
 *
 * @param probabilities 0 to 1, one to a label of the template, in order
 */
export function labelVerdict(
  probabilities: readonly number[],
): Pick<JudgeReply, 'verdict' | 'p_first' | 'label_mass' | 'reason'> {
  const mass = probabilities.reduce((sum, p) => sum + p, 0);
  if (!(mass >= LEAST_MASS))
    return {
      verdict: 'unparsable',
      label_mass: Number.isNaN(mass) ? 0 : mass,
      reason: 'The labels are unlikely beginnings of the reply.',
    };
  const [a = 0, b = 0, c = 0] = probabilities;
  const most = Math.max(a, b, c);
  const verdict = a === b && most === a ? 'tie' : meaningOf(probabilities.indexOf(most));
  return { verdict, p_first: (a + c / 2) / mass, label_mass: Math.min(1, mass) };
}

/** The sentence that asks for a label alone. */
export function labelInstruction(labels: readonly string[]): string {
  const [a, b, c] = labels;
  const both = `Which is better? Reply with one letter alone: ${a} or ${b}`;
  return c === undefined ? `${both}.` : `${both}, or ${c} where both are equally good.`;
}
