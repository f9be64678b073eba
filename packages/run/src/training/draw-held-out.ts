import type { EncodedExample } from '@dpo/base';
import { sequenceLogps } from '@dpo/core';
import { generate, type LanguageModel, type ModelTokenizer } from '@dpo/models';

/** A model that scores answers as the reference: another model, or the policy without its adapter. */
export interface Scorer {
  readonly model: LanguageModel;
  /** Whether the model's adapter is on. */
  readonly adapter: boolean;
}

/** How many held-out prompts are answered at each evaluation, and how long answers get. */
export interface DrawOptions {
  /** How many prompts are answered, the first ones. */
  readonly count: number;
  /** The longest answer, in tokens. */
  readonly maxNewTokens: number;
  /** The seed of sampling. */
  readonly seed: number;
}

/** The policy's own answers to held-out prompts, and what they measure. */
export interface DrawnAnswers {
  /**
   * KL(π ‖ π_ref) in nats an answer, estimated as the mean over answers y ~ π of log π(y|x) − log π_ref(y|x), and the
   * estimate's standard error (NaN for one answer).
   */
  readonly metrics: {
    readonly eval_kl: number;
    readonly eval_kl_error: number;
    /** The mean reward, in a run that has a reward. */
    readonly eval_reward?: number;
  };
  /** Prompts and answers, in Markdown. */
  readonly text: string;
}

/**
 * Answers held-out prompts by the policy as it is now, at temperature 1, and compares the policy with the reference on the answers.
 * Undefined when no prompt leaves room for an answer.
 */
export async function drawHeldOut(
  { model, tokenizer }: { readonly model: LanguageModel; readonly tokenizer: ModelTokenizer },
  reference: Scorer,
  examples: readonly EncodedExample[],
  { count, maxNewTokens, seed }: DrawOptions,
): Promise<DrawnAnswers | undefined> {
  const usable = examples.map(({ prompt }) => prompt).filter(({ length }) => length > 0 && length < model.maxPositions);
  const prompts = usable.slice(0, count);
  if (prompts.length === 0) return undefined;
  const { collective } = model.engine;
  const room = model.maxPositions - Math.max(...prompts.map(({ length }) => length));
  const answers = await generate(model, prompts, {
    maxNewTokens: Math.min(maxNewTokens, room),
    seed,
    stopTokens: tokenizer.endTokenIds,
    collective,
  });
  const groups = answers.map(({ prompt, tokens }) => ({ prompt: prompts[prompt] as Int32Array, answers: [tokens] }));
  const referenceLogps = await sequenceLogps(reference.model, groups, { adapter: reference.adapter, collective });
  // Generation in bfloat16 reads rounded copies of the weights: log π is computed once more there, as log π_ref is.
  const ownLogps =
    model.engine.precision === 'bfloat16' ? await sequenceLogps(model, groups, { collective }) : undefined;
  const logRatios = answers.map(
    ({ logps }, i) =>
      (ownLogps?.[i]?.[0] ?? logps.reduce((sum, logp) => sum + logp, 0)) - (referenceLogps[i]?.[0] as number),
  );
  const kl = logRatios.reduce((sum, ratio) => sum + ratio, 0) / logRatios.length;
  const variance = logRatios.reduce((sum, ratio) => sum + (ratio - kl) ** 2, 0) / (logRatios.length - 1);
  const decode = (tokens: ArrayLike<number>) => tokenizer.decode(tokens, { skipSpecialTokens: true });
  const text = answers.map(({ prompt, tokens }) => {
    const before = prompts[prompt] as Int32Array;
    return `**${decode(before)}**${tokenizer.decodeAfter(before, tokens, { skipSpecialTokens: true })}`;
  });
  return {
    metrics: { eval_kl: kl, eval_kl_error: Math.sqrt(variance / logRatios.length) },
    text: text.join('\n\n---\n\n'),
  };
}
