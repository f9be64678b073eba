import type { Sampler } from '@dpo/core';
import { generate, type LanguageModel } from '@dpo/models';

/** Answers that are written at the same time, at most. */
const TOGETHER = 64;

/** Draws from a model as it is, at temperature 1, so that answers come from the distribution that training scores. */
export function policySampler(
  model: LanguageModel,
  { maxNewTokens, endTokens }: { readonly maxNewTokens: number; readonly endTokens: readonly number[] },
): Sampler {
  return async ({ prompts, samples, seed }) => {
    const answers = await generate(model, prompts, {
      ...{ samples, seed, maxNewTokens, stopTokens: endTokens },
      batchSize: Math.min(TOGETHER, prompts.length * samples),
    });
    return prompts.map((_, g) =>
      answers
        .slice(g * samples, (g + 1) * samples)
        .map(({ tokens, logps, finished }) => ({ tokens, logps, ended: finished })),
    );
  };
}
