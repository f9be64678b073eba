import { answerKl, type Reward, type Sampler, type TokenScorer } from '@dpo/core';
import type { ModelTokenizer } from '@dpo/models';
import type { DrawnAnswers } from '../training/draw-held-out.js';
import type { ReadyPrompt } from './prompts.js';

/** What held-out prompts are answered and judged with. */
export interface HeldOutParts {
  readonly prompts: readonly ReadyPrompt[];
  readonly tokenizer: ModelTokenizer;
  readonly sample: Sampler;
  readonly reward: Reward;
  readonly reference: TokenScorer;
  readonly seed: number;
}

/** Answers every held-out prompt once by the policy as it is: the mean reward, and KL(π ‖ π_ref) in nats an answer. */
export async function drawPrompts({
  prompts,
  tokenizer,
  sample,
  reward,
  reference,
  seed,
}: HeldOutParts): Promise<DrawnAnswers> {
  const samples = await sample({ prompts: prompts.map(({ tokens }) => tokens), samples: 1, seed });
  const requests = prompts.map(({ tokens: prompt }, row) => ({ prompt, row, answers: samples[row] ?? [] }));
  const rewards = await reward(requests);
  const logps = await reference.score(
    requests.map(({ prompt, answers }) => ({ prompt, answers: answers.map(({ tokens }) => tokens) })),
  );
  const kls = requests.flatMap(({ answers, row }) =>
    answers.map((answer, k) => answerKl({ old: answer.logps, reference: logps[row]?.[k] ?? [] })),
  );
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const kl = mean(kls);
  const variance = kls.reduce((sum, value) => sum + (value - kl) ** 2, 0) / (kls.length - 1);
  const plain = { skipSpecialTokens: true };
  const text = requests.flatMap(({ prompt, row, answers }) =>
    answers.map(
      ({ tokens }, k) =>
        `**${tokenizer.decode(prompt, plain)}**${tokenizer.decodeAfter(prompt, tokens, plain)}\n\nReward ${rewards[row]?.[k]}`,
    ),
  );
  return {
    metrics: { eval_kl: kl, eval_kl_error: Math.sqrt(variance / kls.length), eval_reward: mean(rewards.flat()) },
    text: text.join('\n\n---\n\n'),
  };
}
