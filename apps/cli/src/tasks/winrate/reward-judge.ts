import type { Text } from '@dpo/data';
import { type AskOptions, type Comparison, type Judge, type JudgeReply, scoreJudge } from '@dpo/eval';
import type { Scorer } from '@dpo/run/command-line';

/** How many questions are scored together. Each call compiles its shapes anew, so that calls should be few. */
const TOGETHER = 256;

/**
 * A judge that is a reward model: the answer with the higher reward is better. Both orders of a pair are one computation, since a
 * reward depends on its own answer alone.
 */
export function rewardJudge(name: string, scorer: Pick<Scorer, 'score'>): Judge {
  const askTogether = async (comparisons: readonly Comparison[], { signal }: AskOptions): Promise<JudgeReply[]> => {
    const byKey = new Map(comparisons.map((comparison) => [keyOf(comparison), comparison]));
    const questions = [...byKey.values()].map(({ prompt, first, second }) => ({ prompt, answers: [first, second] }));
    const scores = await scorer.score(
      questions.map(({ prompt, answers }) => ({ prompt, answers: answers.map((answer) => answerOf(prompt, answer)) })),
      { signal },
    );
    const rewards = new Map(
      questions.flatMap(({ prompt, answers }, i) =>
        answers.map((answer, a) => [textKey(prompt, answer), scores[i]?.[a] as number] as const),
      ),
    );
    const judge = scoreJudge(name, async (prompt, answers) =>
      answers.map((answer) => rewards.get(textKey(prompt, answer)) as number),
    );
    return Promise.all(comparisons.map((comparison) => judge.ask(comparison, { signal })));
  };
  return {
    name,
    concurrency: TOGETHER,
    ask: async (comparison, options) => (await askTogether([comparison], options))[0] as JudgeReply,
    askTogether,
  };
}

function keyOf({ prompt, first, second }: Comparison): string {
  return JSON.stringify([prompt, ...[first, second].sort()]);
}

function textKey(prompt: Text, answer: string): string {
  return JSON.stringify([prompt, answer]);
}

/** An answer as text or as messages, like the prompt. */
function answerOf(prompt: Text, answer: string): Text {
  return typeof prompt === 'string' ? answer : [{ role: 'assistant', content: answer }];
}
