import type { Judge } from '../judges/judge.js';
import { scoreJudge } from '../judges/score-judge.js';

/** A judge that prefers the answer with the higher score, and calls equal scores a tie. */
export function scriptedJudge(score: (answer: string) => number): Judge {
  return scoreJudge('script', async (_, answers) => answers.map(score));
}
