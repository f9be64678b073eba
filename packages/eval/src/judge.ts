import type { Text } from '@dpo/data';

/** Two answers to a prompt, in the order in which the judge sees them. */
export interface Comparison {
  readonly prompt: Text;
  readonly first: string;
  readonly second: string;
}

/**
 * Whoever says which of two answers is better: a person, a model, a rule. What it is told is only this; which answer comes
 * from which policy is the caller's to shuffle and to remember.
 */
export type Judge = (comparison: Comparison) => Promise<'first' | 'second' | 'tie'>;
