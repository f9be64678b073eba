import { DpoError } from '@dpo/base';
import type { Text } from '@dpo/data';
import type { Judge } from './judge.js';

/** Scores answers to one prompt: higher is better. A reward function, a reward model, a rule. */
export type AnswerScorer = (prompt: Text, answers: readonly string[]) => Promise<readonly number[]>;

/**
 * A judge that prefers the answer with the higher score, and calls equal scores a tie. The order of the answers does
 * not matter.
 *
 * @param options.bradleyTerry gives p(first) = σ(s_first − s_second) beside the verdict, and win rates are computed from it. For
 *   scores that were trained to be log-odds, such as a reward model's
 * @throws DpoError `eval.bad-value` when a score is not a finite number; `eval.wrong-count` when the scores are not two
 */
export function scoreJudge(
  name: string,
  score: AnswerScorer,
  { bradleyTerry = false }: { readonly bradleyTerry?: boolean } = {},
): Judge {
  return {
    name,
    ask: async ({ prompt, first, second }) => {
      const scores = await score(prompt, [first, second]);
      if (scores.length !== 2)
        throw new DpoError('eval.wrong-count', `${name} gave ${scores.length} scores to two answers.`, {
          values: { judge: name, scores: scores.length },
        });
      const bad = scores.find((each) => !Number.isFinite(each));
      if (bad !== undefined)
        throw new DpoError('eval.bad-value', `${name} gave the score ${bad}, which is not a finite number.`, {
          values: { judge: name, score: String(bad) },
        });
      const difference = (scores[0] as number) - (scores[1] as number);
      return {
        verdict: difference > 0 ? 'first' : difference < 0 ? 'second' : 'tie',
        ...(bradleyTerry ? { p_first: 1 / (1 + Math.exp(-difference)) } : {}),
      };
    },
  };
}
