import { contextColumns, withContext } from './context-columns.js';
import { isChat } from './conversation.js';
import { parseText } from './messages.js';
import { checkInputs, parseTools, parseVariables, required } from './parse-values.js';
import { kindOf, type Place, rowError } from './place.js';
import type { PromptRow } from './types.js';

const COLUMNS: ReadonlySet<string> = new Set(['prompt', 'tools', 'chat_template_kwargs', 'id', ...contextColumns]);

/**
 * A prompt as a file of prompts gives it: a text, a list of messages, or an object with `prompt` and, for conversations,
 * `tools` and `chat_template_kwargs`; `system` and `history` come before the prompt. `aside` is told the keys that nothing is
 * made of.
 *
 * Errors name the place: `data.broken-row`, `data.missing-column`, `data.wrong-type`, `data.invalid-text`,
 * `data.empty-prompt`, `data.not-for-plain-text`.
 */
export function parsePrompt(value: unknown, place: Place, aside: (key: string) => void = () => undefined): PromptRow {
  const row = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { prompt: value };
  const record = row as Readonly<Record<string, unknown>>;
  const given = required(record, 'prompt', [], place);
  if (typeof given !== 'string' && !Array.isArray(given)) {
    throw rowError(
      'data.broken-row',
      place,
      `there is no prompt, but ${kindOf(given)}.`,
      { received: kindOf(given) },
      'Write one JSON object to a line: {"prompt": "…"}.',
    );
  }
  for (const [key, said] of Object.entries(record)) {
    if (said !== null && !COLUMNS.has(key)) aside(key);
  }
  const { prompt } = withContext({ prompt: parseText(given, 'prompt', place), answers: [] }, record, place);
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
