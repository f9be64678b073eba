import { openLogpScorer, type Sampler } from '@dpo/core';
import { alone, type Collective } from '@dpo/engine';
import { generate, type LanguageModel } from '@dpo/models';

/** Answers that are written at the same time, at most. */
const TOGETHER = 64;

/** How long answers are, and who writes them. */
export interface SamplerOptions {
  readonly maxNewTokens: number;
  /** Tokens that end an answer. */
  readonly endTokens: readonly number[];
  /** Ends an answer when it returns true for the tokens so far: a text that ends answers. Default never. */
  readonly stopWhen?: ((tokens: readonly number[]) => boolean) | undefined;
  /** Workers that write equally many answers each. Default: this worker alone. */
  readonly collective?: Collective | undefined;
}

/**
 * Draws from a model as it is, at temperature 1, so that answers come from the distribution that training scores. Generation in
 * bfloat16 reads rounded copies of the weights, so that the answers' log-probabilities are computed once more there, as training
 * computes them: the first ratio of an update is 1. The batches of several workers are smaller than those of one worker, which can tip a
 * draw by rounding.
 */
export function policySampler(
  model: LanguageModel,
  { maxNewTokens, endTokens, stopWhen, collective = alone }: SamplerOptions,
): Sampler {
  const scorer = model.engine.precision === 'bfloat16' ? openLogpScorer(model, { collective }) : undefined;
  return async ({ prompts, samples, seed }) => {
    const answers = await generate(model, prompts, {
      ...{ samples, seed, maxNewTokens, stopTokens: endTokens, stopWhen, collective },
      batchSize: Math.min(TOGETHER, Math.ceil((prompts.length * samples) / collective.size)),
    });
    const byPrompt = prompts.map((_, g) =>
      answers
        .slice(g * samples, (g + 1) * samples)
        .map(({ tokens, logps, finished }) => ({ tokens, logps, ended: finished })),
    );
    const groups = prompts.map((prompt, g) => ({ prompt, answers: (byPrompt[g] ?? []).map(({ tokens }) => tokens) }));
    const logps = await scorer?.score(groups);
    return byPrompt.map((ofPrompt, g) =>
      ofPrompt.map((answer, k) => ({ ...answer, logps: logps?.[g]?.[k] ?? answer.logps })),
    );
  };
}
