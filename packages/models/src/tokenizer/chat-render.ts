import { DpoError, type Json, type Message, type TemplateVariables } from '@dpo/base';
import { JinjaError, parseTemplate, type Template } from '../jinja/template.js';
import type { ChooseTemplate, TemplateSource } from './chat-template-files.js';
import type { SpecialTokens } from './special-tokens.js';

/** Writes a conversation as text. */
export type RenderChat = (
  messages: readonly Message[],
  variables: TemplateVariables,
  how: { readonly answering: boolean; readonly now: Date },
) => string;

/**
 * A function that renders conversations by the template that `choose` returns for them.
 *
 * @throws {DpoError} from that function `tokenizer.template-failed` with the template's file and line when its syntax is wrong, when
 * an operation fails, or when the template raises an exception; `tokenizer.template-limit` when the template does more than a
 * template may; `tokenizer.empty-conversation`.
 */
export function renderer(choose: ChooseTemplate, special: SpecialTokens): RenderChat {
  const templates = new Map<string, Template>();
  const templateOf = ({ source }: TemplateSource): Template => {
    const template = templates.get(source) ?? parseTemplate(source);
    templates.set(source, template);
    return template;
  };
  return (messages, variables, { answering, now }) => {
    if (messages.length === 0) throw empty();
    const tools = variables.tools !== undefined && variables.tools !== null;
    const chosen = choose(tools);
    try {
      return templateOf(chosen).render(inputs(messages, variables, answering, special), { now }).text;
    } catch (error) {
      throw error instanceof JinjaError ? failed(error, chosen, messages) : error;
    }
  };
}

/** The variables of a template. As in transformers, a variable replaces a special token of the same name. */
function inputs(
  messages: readonly Message[],
  variables: TemplateVariables,
  add_generation_prompt: boolean,
  special: SpecialTokens,
): Record<string, Json> {
  return { ...special.byRole, tools: null, documents: null, ...variables, messages, add_generation_prompt };
}

function empty(): DpoError {
  return new DpoError('tokenizer.empty-conversation', 'A conversation without messages has no text.', {
    hint: 'Give at least one message.',
  });
}

function failed(error: JinjaError, { file }: TemplateSource, messages: readonly Message[]): DpoError {
  const { fault, line, message } = error;
  const place = line === undefined ? file : `${file}, line ${line}`;
  const values = { file, ...(line === undefined ? {} : { line }), fault, roles: messages.map(({ role }) => role) };
  if (fault === 'limit') {
    return new DpoError('tokenizer.template-limit', `The chat template does too much (${place}): ${message}.`, {
      values,
      hint: 'Templates of models stay far below the limits. Check where this one comes from.',
      cause: error,
    });
  }
  const what = fault === 'raised' ? 'refuses the conversation' : fault === 'syntax' ? 'cannot be read' : 'failed';
  return new DpoError('tokenizer.template-failed', `The chat template ${what} (${place}): ${message}`, {
    values,
    hint: hints[fault],
    cause: error,
  });
}

const hints: Readonly<Record<'raised' | 'syntax' | 'runtime', string>> = {
  raised:
    'The words are the template’s own. Many templates want user and assistant to alternate, or refuse system messages.',
  syntax: 'Compare it with the file of the model’s publisher: Python’s Jinja refuses it as well.',
  runtime: 'Check the keys and roles of the messages: Python’s Jinja fails on them as well.',
};
