import { sequenceLogps } from '@dpo/core';
import { type EncodedPrompt, encodePrompts, type PromptGroup } from '@dpo/data';
import {
  type AskOptions,
  type Comparison,
  type Judge,
  type JudgeReply,
  type JudgeTemplate,
  labelInstruction,
  labelVerdict,
} from '@dpo/eval';
import type { OpenModel } from '@dpo/run/command-line';

/** Questions that are scored together: each time anew shapes are compiled. */
const TOGETHER = 256;

/**
 * A judge that is a language model of ours: asked with a template, answering by the log-probabilities of the labels. Nothing is
 * drawn, so the same question has the same verdict.
 */
export function modelJudge(
  name: string,
  { model, tokenizer }: Pick<OpenModel, 'model' | 'tokenizer'>,
  template: JudgeTemplate,
): Judge {
  const { labels, digest } = template;
  const chat = tokenizer.chat !== undefined;
  const asked = (comparison: Comparison): PromptGroup => {
    const words = `${template.fill(comparison)}\n\n${labelInstruction(labels)}`;
    const [prompt] = encodePrompts([chat ? [{ role: 'user', content: words }] : `${words}\nBetter:`], tokenizer);
    const { text, tokens } = prompt as EncodedPrompt;
    const answers = labels.map((label) => Int32Array.from(tokenizer.encodeAfter(text, chat ? label : ` ${label}`)));
    return { prompt: Int32Array.from(tokens), answers };
  };
  const askTogether = async (comparisons: readonly Comparison[], { signal }: AskOptions) => {
    const logps = await sequenceLogps(model, comparisons.map(asked), { signal });
    return logps.map((each): JudgeReply => ({ ...labelVerdict(each.map(Math.exp)), rung: 'logprobs' }));
  };
  return {
    name,
    templateDigest: digest,
    concurrency: TOGETHER,
    ask: async (comparison, options) => (await askTogether([comparison], options))[0] as JudgeReply,
    askTogether,
  };
}
