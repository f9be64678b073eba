import type { Message, Text } from '@dpo/base';
import { boundedJson } from './bounded-json.js';
import { isChat, sameButSpace, sharedButSpace } from './conversation.js';
import { type FileRecord, parseString, wrongType } from './parse-values.js';
import { type Place, rowError } from './place.js';

/** Columns that say what stands before a prompt. */
export const contextColumns = ['system', 'system_prompt', 'history'] as const;

/** A row's prompt and answers. */
interface Texts {
  readonly prompt: Text;
  readonly answers: readonly Text[];
}

/**
 * Puts the columns `system` (or `system_prompt`) and `history` (pairs of question and answer, as LLaMA-Factory has them, or
 * messages) before the prompt. They belong to conversations, so plain texts become the turns of one wherever a file has such
 * a column, whether or not it says something in this row: all rows of a file are of one kind.
 *
 * @throws DpoError `data.wrong-type`, `data.prompts-differ` (two system messages, or a history that the prompt contradicts)
 */
export function withContext(texts: Texts, row: FileRecord, place: Place): Texts {
  if (!contextColumns.some((name) => name in row)) return texts;
  const prompt = isChat(texts.prompt) ? texts.prompt : [{ role: 'user', content: texts.prompt }];
  const answers = texts.answers.map((text) => (isChat(text) ? text : [{ role: 'assistant', content: text }]));
  const system = systemOf(row, place);
  const turns = historyOf(row.history, place);
  return { prompt: withSystem(system, withHistory(turns, prompt, place), place), answers };
}

function systemOf(row: FileRecord, place: Place): string | undefined {
  const given = (['system', 'system_prompt'] as const).flatMap((key) => {
    const value = row[key];
    if (value === undefined || value === null) return [];
    const text = parseString(value, key, place);
    return text.trim() === '' ? [] : [text];
  });
  const [first, second] = given;
  if (first !== undefined && second !== undefined && first !== second) {
    throw differ('"system" and "system_prompt" differ', 'system_prompt', place);
  }
  return first;
}

function withSystem(system: string | undefined, prompt: readonly Message[], place: Place): readonly Message[] {
  if (system === undefined) return prompt;
  const message: Message = { role: 'system', content: system };
  const first = prompt[0];
  if (first?.role !== 'system') return [message, ...prompt];
  if (sameButSpace(first, message)) return prompt;
  throw differ('"system" and the system message of the conversation differ', 'system', place);
}

function historyOf(value: unknown, place: Place): readonly Message[] {
  const given = typeof value === 'string' ? fromText(value, place) : value;
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) throw wrongHistory(value, place);
  return given.flatMap((turn: unknown, i): Message[] => {
    const pair: readonly unknown[] = Array.isArray(turn) ? turn : [];
    const [question, answer] = pair;
    if (pair.length !== 2) throw wrongHistory(value, place);
    return [
      { role: 'user', content: parseString(question, `history[${i}][0]`, place) },
      { role: 'assistant', content: parseString(answer, `history[${i}][1]`, place) },
    ];
  });
}

/** CSV has no lists: JSON stands in its field. */
function fromText(text: string, place: Place): unknown {
  if (text.trim() === '') return undefined;
  try {
    return boundedJson(text);
  } catch {
    throw wrongHistory(text, place);
  }
}

function wrongHistory(value: unknown, place: Place) {
  return wrongType(value, 'history', 'a list of [question, answer]', place);
}

function withHistory(turns: readonly Message[], prompt: readonly Message[], place: Place): readonly Message[] {
  if (turns.length === 0) return prompt;
  const start = prompt.findIndex(({ role }) => role !== 'system');
  const said = prompt.slice(Math.max(0, start));
  // A conversation that tells its history itself needs no second one.
  if (sharedButSpace(turns, said) === turns.length) return prompt;
  if (said.length > 1) throw differ('"history" and the conversation begin differently', 'history', place);
  return [...prompt.slice(0, Math.max(0, start)), ...turns, ...said];
}

function differ(what: string, key: string, place: Place) {
  return rowError(
    'data.prompts-differ',
    place,
    `${what}, so it cannot be told what was asked.`,
    { key },
    'Give it once.',
  );
}
