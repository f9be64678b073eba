import { DpoError } from '@dpo/base';
import { positionsOf, sequenceLogps } from '@dpo/core';
import { type EncodedPrompt, encodePrompts, type PromptGroup, plainText } from '@dpo/data';
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
 *
 * @throws DpoError `eval.question-too-long` from asking, when a question is longer than the model reads
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
    const group = { prompt: Int32Array.from(tokens), answers };
    checkRoom(name, comparison, positionsOf(group), model.maxPositions);
    return group;
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

function checkRoom(judge: string, { prompt }: Comparison, positions: number, maxPositions: number): void {
  if (positions <= maxPositions) return;
  const text = plainText(prompt);
  const beginning = text.length > 60 ? `${text.slice(0, 60)} …` : text;
  throw new DpoError(
    'eval.question-too-long',
    `The question about the answers to ${JSON.stringify(beginning)} takes ${positions} tokens, more than the ${maxPositions} that the judge ${judge} reads.`,
    {
      values: { judge, prompt: text, positions, maxPositions },
      hint: 'Take a judge that reads longer texts, a shorter --rubric, or shorter answers (--max-new-tokens).',
    },
  );
}
