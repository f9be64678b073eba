import type { EncodedExample } from '@dpo/base';
import { sequenceLogps } from '@dpo/core';
import { generate, type LanguageModel, type ModelTokenizer } from '@dpo/models';

/** A model that scores answers as the reference: another one, or the policy without its adapter. */
export interface Scorer {
  readonly model: LanguageModel;
  /** Whether its adapter is on. */
  readonly adapter: boolean;
}

/** How many held-out prompts are answered at each evaluation, and how long answers get. */
export interface DrawOptions {
  readonly count: number;
  readonly maxNewTokens: number;
  readonly seed: number;
}

/** What the policy's own answers say. */
export interface Drawn {
  /**
   * KL(π ‖ π_ref) in nats an answer, estimated as the mean over answers y ~ π of log π(y|x) − log π_ref(y|x), and the
   * estimate's standard error (NaN of one answer).
   */
  readonly metrics: {
    readonly eval_kl: number;
    readonly eval_kl_error: number;
    /** The mean reward, where there is one. */
    readonly eval_reward?: number;
  };
  /** Prompts and answers, in Markdown. */
  readonly text: string;
}

/** Answers held-out prompts by the policy as it is now, at temperature 1, and compares it with the reference on them. */
export async function drawHeldOut(
  { model, tokenizer }: { readonly model: LanguageModel; readonly tokenizer: ModelTokenizer },
  reference: Scorer,
  rows: readonly EncodedExample[],
  { count, maxNewTokens, seed }: DrawOptions,
): Promise<Drawn | undefined> {
  const prompts = rows.map(({ prompt }) => prompt).filter(({ length }) => length > 0 && length < model.maxPositions);
  const chosen = prompts.slice(0, count);
  if (chosen.length === 0) return undefined;
  const room = model.maxPositions - Math.max(...chosen.map(({ length }) => length));
  const answers = await generate(model, chosen, {
    maxNewTokens: Math.min(maxNewTokens, room),
    seed,
    stopTokens: tokenizer.endTokenIds,
  });
  const groups = answers.map(({ prompt, tokens }) => ({ prompt: chosen[prompt] as Int32Array, answers: [tokens] }));
  const scored = await sequenceLogps(reference.model, groups, { adapter: reference.adapter });
  const ratios = answers.map(({ logps }, i) => logps.reduce((sum, logp) => sum + logp, 0) - (scored[i]?.[0] as number));
  const kl = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const variance = ratios.reduce((sum, ratio) => sum + (ratio - kl) ** 2, 0) / (ratios.length - 1);
  const shown = (tokens: ArrayLike<number>) => tokenizer.decode(tokens, { skipSpecialTokens: true });
  const text = answers.map(({ prompt, tokens }) => {
    const before = chosen[prompt] as Int32Array;
    return `**${shown(before)}**${tokenizer.decodeAfter(before, tokens, { skipSpecialTokens: true })}`;
  });
  return {
    metrics: { eval_kl: kl, eval_kl_error: Math.sqrt(variance / ratios.length) },
    text: text.join('\n\n---\n\n'),
  };
}
