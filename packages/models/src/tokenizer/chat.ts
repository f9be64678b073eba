import { DpoError, type Json } from '@dpo/base';
import { Template } from '@huggingface/jinja';
import { parseJsonObject } from '../files/json-object.js';
import type { SpecialTokens } from './special-tokens.js';

/** One turn of a chat. */
export interface ChatMessage {
  readonly role: string;
  /** A text, a list of parts, or null where the message only calls tools. */
  readonly content: string | null | readonly Json[];
  /** What else the template is to see: `tool_calls`, `name`, … */
  readonly [key: string]: Json;
}

/** What a template sees besides messages: `tools`, and whatever a row names. */
export type ChatVariables = Readonly<Record<string, Json>>;

/** A model's chat template, with an exact answer to where the prompt ends. */
export interface Chat {
  /** The text of a prompt: the template with `add_generation_prompt`, ready for the model to answer. */
  prompt(messages: readonly ChatMessage[], variables?: ChatVariables): string;
  /**
   * The text of an answer: what the template writes after `prompt(prompt, variables)`, up to and with the token that ends the
   * turn. What it writes after that (often a line break) the model never has to produce, so it is left out.
   */
  answer(prompt: readonly ChatMessage[], answer: readonly ChatMessage[], variables?: ChatVariables): string;
}

/**
 * The chat template of a tokenizer: `chat_template.jinja`, else `chat_template` in `tokenizer_config.json` (of
 * several the one named `default`), else `chat_template.json`. Undefined where there is none.
 *
 * Templates get `messages`, `add_generation_prompt` and the special tokens by name, as in transformers.
 */
export function chatOf(
  files: Readonly<Record<string, string>>,
  config: Record<string, unknown>,
  special: SpecialTokens,
): Chat | undefined {
  const source = templateSource(files, config);
  if (source === undefined) return undefined;
  // Parsed when first used: a template that this library cannot parse must not keep the tokenizer from plain text.
  let template: Template | undefined;
  const render = (
    messages: readonly ChatMessage[],
    variables: ChatVariables,
    add_generation_prompt: boolean,
  ): string => {
    try {
      template ??= new Template(source);
      return template.render({ ...special.named, ...variables, messages, add_generation_prompt });
    } catch (cause) {
      throw new DpoError('tokenizer.template-failed', `The chat template failed: ${(cause as Error).message}`, {
        values: { roles: messages.map((message) => message.role) },
        hint: 'Check the roles and their order: many templates want user and assistant to alternate.',
        cause,
      });
    }
  };
  return {
    prompt: (messages, variables = {}) => render(messages, variables, true),
    answer(prompt, answer, variables = {}) {
      const before = render(prompt, variables, true);
      const whole = render([...prompt, ...answer], variables, false);
      if (!whole.startsWith(before)) throw mismatch(before, whole);
      return endOfTurn(whole.slice(before.length), lastText(answer), special.texts);
    },
  };
}

function lastText(messages: readonly ChatMessage[]): string {
  const content = messages.at(-1)?.content;
  return typeof content === 'string' ? content : '';
}

function templateSource(files: Readonly<Record<string, string>>, config: Record<string, unknown>): string | undefined {
  const jinja = files['chat_template.jinja'];
  if (jinja !== undefined) return jinja;
  const json = files['chat_template.json'];
  const value =
    config.chat_template ??
    (json === undefined ? undefined : parseJsonObject(json, 'chat_template.json').chat_template);
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value as { name?: unknown; template?: unknown }[];
  const chosen = named.find((entry) => entry.name === 'default') ?? named[0];
  return typeof chosen?.template === 'string' ? chosen.template : undefined;
}

/** Cuts after the first special token that follows the last message's content; without one, nothing is cut. */
function endOfTurn(text: string, content: string, special: ReadonlySet<string>): string {
  const found = text.lastIndexOf(content.trim());
  const from = found < 0 ? 0 : found + content.trim().length;
  const candidates = [...special].filter((token) => token !== '');
  // Where the template rewrote the content, only the last special token is sure to come after it.
  const ends = candidates
    .map((token) => ({ token, at: found < 0 ? text.lastIndexOf(token) : text.indexOf(token, from) }))
    .filter((end) => end.at >= 0)
    .sort((a, b) => (found < 0 ? b.at - a.at : a.at - b.at) || b.token.length - a.token.length);
  const end = ends[0];
  return end === undefined ? text : text.slice(0, end.at + end.token.length);
}

function mismatch(prompt: string, whole: string): DpoError {
  let same = 0;
  while (same < prompt.length && prompt[same] === whole[same]) same++;
  return new DpoError(
    'tokenizer.template-mismatch',
    'The chat template writes a conversation with its answer differently from the prompt that asks for the answer, ' +
      'so it cannot be told where the answer begins.',
    {
      values: { prompt: prompt.slice(same, same + 80), conversation: whole.slice(same, same + 80), at: same },
      hint: 'Give prompt and answers as plain text, or the model a template that starts answers as its generation prompt does.',
    },
  );
}
