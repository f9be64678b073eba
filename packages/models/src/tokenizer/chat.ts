import { type ChatTemplate, DpoError, type Message, type TemplateVariables } from '@dpo/base';
import { afterLastMessage } from './chat-answer-end.js';
import { renderer } from './chat-render.js';
import { templatesOf } from './chat-template-files.js';
import type { SpecialTokens } from './special-tokens.js';

/** A model's chat template, which divides a conversation exactly into prompt and answer. */
export interface Chat extends ChatTemplate {
  /** The same template for a model whose answers end in these tokens. */
  withEnds(ends: readonly string[]): Chat;
}

/**
 * The chat template of a tokenizer, looked up and rendered as in transformers; undefined when the files have none. Templates get
 * `messages`, `add_generation_prompt`, `tools` and `documents` (none by default), the special tokens by name, and the variables.
 *
 * A template is parsed when it is first used, so that a faulty template does not keep the tokenizer from plain text.
 *
 * @param where the tokenizer's folder, for messages
 * @param ends the tokens that end an answer
 * @param now the time of `strftime_now`; default: the time of the call
 */
export function chatOf(
  files: Readonly<Record<string, string>>,
  config: Record<string, unknown>,
  special: SpecialTokens,
  { where, ends, now = () => new Date() }: { where: string; ends: readonly string[]; now?: () => Date },
): Chat | undefined {
  const templates = templatesOf(files, config, where);
  if (templates === undefined) return undefined;
  const render = renderer(templates, special);
  let last: Prompt | undefined;
  const renderPrompt = (messages: readonly Message[], variables: TemplateVariables): Prompt => {
    const moment = now();
    last = {
      messages: [...messages],
      variables,
      moment,
      text: render(messages, variables, { answering: true, now: moment }),
    };
    return last;
  };
  const endingIn = (tokens: readonly string[]): Chat => ({
    prompt: (messages, variables = none) => renderPrompt(messages, variables).text,
    answer(prompt, answer, variables = none) {
      // The answers of a row follow the latest prompt, and must have the time in that prompt.
      const { text: before, moment } = isPrompt(last, prompt, variables) ? last : renderPrompt(prompt, variables);
      const conversation = (messages: readonly Message[]): string =>
        render([...prompt, ...messages], variables, { answering: false, now: moment });
      const whole = conversation(answer);
      if (!whole.startsWith(before)) throw mismatch(before, whole);
      const after = afterLastMessage(whole, answer, conversation);
      return upToEnd(whole.slice(before.length), after, [tokens, [...special.texts]]);
    },
    withEnds: endingIn,
  });
  return endingIn(ends);
}

const none: TemplateVariables = {};

/** A prompt and its text. */
interface Prompt {
  readonly messages: readonly Message[];
  readonly variables: TemplateVariables;
  readonly moment: Date;
  readonly text: string;
}

function isPrompt(
  last: Prompt | undefined,
  messages: readonly Message[],
  variables: TemplateVariables,
): last is Prompt {
  if (last?.variables !== variables || last.messages.length !== messages.length) return false;
  return messages.every((message, i) => message === last.messages[i]);
}

/**
 * An answer cut behind the first end token after the last message, else behind the first special token there. Without such a
 * token, the whole answer.
 *
 * @param after how many characters at the text's end come after the last message. When undefined, the last such token of the text
 * counts, since it is the only one that is sure to come after the message
 * @param tokens lists of tokens to look for; a list counts when the text has none of the lists before
 */
function upToEnd(text: string, after: number | undefined, tokens: readonly (readonly string[])[]): string {
  const from = after === undefined ? 0 : Math.max(0, text.length - after);
  for (const list of tokens) {
    const [end] = list
      .filter((token) => token !== '')
      .map((token) => ({ token, at: after === undefined ? text.lastIndexOf(token) : text.indexOf(token, from) }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => (after === undefined ? b.at - a.at : a.at - b.at) || b.token.length - a.token.length);
    if (end !== undefined) return text.slice(0, end.at + end.token.length);
  }
  return text;
}

function mismatch(prompt: string, whole: string): DpoError {
  let same = 0;
  while (same < prompt.length && prompt[same] === whole[same]) same++;
  return new DpoError(
    'tokenizer.template-mismatch',
    'The chat template writes a conversation with its answer differently from the prompt that asks for the answer, ' +
      'so the beginning of the answer is unknown.',
    {
      values: { prompt: prompt.slice(same, same + 80), conversation: whole.slice(same, same + 80), at: same },
      hint: 'Give prompt and answers as plain text, or the model a template that starts answers as its generation prompt does.',
    },
  );
}
