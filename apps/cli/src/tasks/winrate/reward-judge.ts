import { answerRewards } from '@dpo/core';
import { encodePairs, pairGroup, preferenceDataset, type Text } from '@dpo/data';
import { type AskOptions, type Comparison, type Judge, type JudgeReply, scoreJudge } from '@dpo/eval';
import type { LanguageModel, ModelTokenizer } from '@dpo/models';

/** Questions that are scored together: each time anew shapes are compiled. */
const TOGETHER = 256;

/**
 * A judge that is a reward model: the answer with the higher reward is the better one. Both orders of a pair are one computation,
 * since a reward does not depend on what else is seen.
 */
export function rewardJudge(name: string, model: LanguageModel, tokenizer: ModelTokenizer): Judge {
  const askTogether = async (comparisons: readonly Comparison[], { signal }: AskOptions): Promise<JudgeReply[]> => {
    const keys = comparisons.map(keyOf);
    const different = [...new Set(keys)].map((key) => comparisons[keys.indexOf(key)] as Comparison);
    const dataset = preferenceDataset(
      different.map(({ prompt, first, second }) => ({
        prompt,
        chosen: answerOf(prompt, first),
        rejected: answerOf(prompt, second),
      })),
    );
    const groups = encodePairs(dataset, tokenizer).map(pairGroup);
    const rewards = await answerRewards(model, groups, { signal });
    const known = new Map(
      different.flatMap(({ prompt, first, second }, i) =>
        [first, second].map((answer, a) => [textKey(prompt, answer), rewards[i]?.[a] as number] as const),
      ),
    );
    const judge = scoreJudge(name, async (prompt, answers) =>
      answers.map((answer) => known.get(textKey(prompt, answer)) as number),
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

/** An answer as the prompt's kind of text has it. */
function answerOf(prompt: Text, answer: string): Text {
  return typeof prompt === 'string' ? answer : [{ role: 'assistant', content: answer }];
}
