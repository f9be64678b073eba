import { contextColumns, withContext } from './context-columns.js';
import { isChat } from './conversation.js';
import { parseText } from './messages.js';
import { checkInputs, parseTools, parseVariables, required } from './parse-values.js';
import { kindOf, type Place, rowError } from './place.js';
import type { PromptRow } from './types.js';

const COLUMNS: ReadonlySet<string> = new Set(['prompt', 'tools', 'chat_template_kwargs', 'id', ...contextColumns]);

/**
 * The prompt of a row in a file of prompts: a text, a list of messages, or an object with `prompt` and, for conversations,
 * `tools` and `chat_template_kwargs`. `system` and `history` come before the prompt. `aside` is called with each key that
 * nothing is made of.
 *
 * @throws DpoError with the place: `data.broken-row`, `data.missing-column`, `data.wrong-type`, `data.invalid-text`,
 * `data.empty-prompt`, `data.not-for-plain-text`
 */
export function parsePrompt(value: unknown, place: Place, aside: (key: string) => void = () => undefined): PromptRow {
  const row = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { prompt: value };
  const record = row as Readonly<Record<string, unknown>>;
  const content = required(record, 'prompt', [], place);
  if (typeof content !== 'string' && !Array.isArray(content)) {
    throw rowError(
      'data.broken-row',
      place,
      `there is no prompt, but ${kindOf(content)}.`,
      { received: kindOf(content) },
      'Write one JSON object to a line: {"prompt": "…"}.',
    );
  }
  for (const [key, item] of Object.entries(record)) {
    if (item !== null && !COLUMNS.has(key)) aside(key);
  }
  const { prompt } = withContext({ prompt: parseText(content, 'prompt', place), answers: [] }, record, place);
  if (isChat(prompt) && prompt.length === 0) {
    throw rowError('data.empty-prompt', place, '"prompt" holds no message.', { key: 'prompt' });
  }
  const tools = parseTools(record.tools, 'tools', place);
  const templateVariables = parseVariables(record.chat_template_kwargs, 'chat_template_kwargs', place);
  const inputs = {
    ...(tools === undefined ? {} : { tools }),
    ...(templateVariables === undefined ? {} : { templateVariables }),
  };
  checkInputs(prompt, inputs, place);
  return { prompt, ...inputs };
}
