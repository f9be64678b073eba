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

/** How many questions are scored together. Each call compiles its shapes anew, so that calls should be few. */
const TOGETHER = 256;

/**
 * A judge that is a local language model. The question is the template's, the verdict comes from the log-probabilities of the
 * labels. Nothing is drawn, so that the same question has the same verdict.
 */
export function modelJudge(
  name: string,
  { model, tokenizer }: Pick<OpenModel, 'model' | 'tokenizer'>,
  template: JudgeTemplate,
): Judge {
  const { labels, digest } = template;
  const chat = tokenizer.chat !== undefined;
  const groupOf = (comparison: Comparison): PromptGroup => {
    const words = `${template.fill(comparison)}\n\n${labelInstruction(labels)}`;
    const [prompt] = encodePrompts([chat ? [{ role: 'user', content: words }] : `${words}\nBetter:`], tokenizer);
    const { text, tokens } = prompt as EncodedPrompt;
    const answers = labels.map((label) => Int32Array.from(tokenizer.encodeAfter(text, chat ? label : ` ${label}`)));
    return { prompt: Int32Array.from(tokens), answers };
  };
  const askTogether = async (comparisons: readonly Comparison[], { signal }: AskOptions) => {
    const logps = await sequenceLogps(model, comparisons.map(groupOf), { signal });
    return logps.map((ofLabels): JudgeReply => ({ ...labelVerdict(ofLabels.map(Math.exp)), rung: 'logprobs' }));
  };
  return {
    name,
    templateDigest: digest,
    concurrency: TOGETHER,
    ask: async (comparison, options) => (await askTogether([comparison], options))[0] as JudgeReply,
    askTogether,
  };
}
