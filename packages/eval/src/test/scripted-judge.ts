import type { Judge } from '../judge.js';

/** A judge that prefers the answer with the higher score, and calls equal scores a tie. */
export function scriptedJudge(score: (answer: string) => number): Judge {
  return async ({ first, second }) => {
    const difference = score(first) - score(second);
    return difference > 0 ? 'first' : difference < 0 ? 'second' : 'tie';
  };
}
