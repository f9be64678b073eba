import type { JudgeReply } from './judge.js';

/** A label that a reply may begin with, and what it says: those of a template, in their order. */
const SAYS = ['first', 'second', 'tie'] as const;

/** What the n-th label of a template says. */
export function meaningOf(label: number): (typeof SAYS)[number] {
  return SAYS[label] ?? 'tie';
}

/**
 * The verdict of a judge whose probabilities of the labels are known: the likeliest label, and
 *
 *     p(first) = (p(A) + ½ p(C)) / (p(A) + p(B) + p(C))
 *
 * with C, equally good, where it is offered. `label_mass` is the sum below: how much of the judge's probability went to a label
 * at all. Labels that the judge's list lacks have probability 0.
 *
 * Without any mass nothing is said: `unparsable`.
 *
 * @param probabilities 0 to 1, one to a label of the template, in order
 */
export function labelVerdict(
  probabilities: readonly number[],
): Pick<JudgeReply, 'verdict' | 'p_first' | 'label_mass' | 'reason'> {
  const mass = probabilities.reduce((sum, p) => sum + p, 0);
  if (!(mass > 0)) return { verdict: 'unparsable', label_mass: 0, reason: 'No label has any probability.' };
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
