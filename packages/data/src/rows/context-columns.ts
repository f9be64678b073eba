import type { Message, Text } from '@dpo/base';
import { boundedJson } from './bounded-json.js';
import { isChat, sameButSpace, sharedButSpace } from './conversation.js';
import { type FileRecord, parseString, wrongType } from './parse-values.js';
import { type Place, rowError } from './place.js';

/** Columns whose content goes before the prompt. */
export const contextColumns = ['system', 'system_prompt', 'history'] as const;

/** A row's prompt and answers. */
interface Texts {
  readonly prompt: Text;
  readonly answers: readonly Text[];
}

/**
 * Puts the columns `system` (or `system_prompt`) and `history` (pairs of question and answer, as LLaMA-Factory has them) before
 * the prompt. Both columns belong to conversations. Plain texts therefore become turns of a conversation in every row of a file
 * that has one of the columns, even in rows in which the column is empty: all rows of a file are of one kind.
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
  const systems = (['system', 'system_prompt'] as const).flatMap((key) => {
    const value = row[key];
    if (value === undefined || value === null) return [];
    const text = parseString(value, key, place);
    return text.trim() === '' ? [] : [text];
  });
  const [first, second] = systems;
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
  const turns = typeof value === 'string' ? fromText(value, place) : value;
  if (turns === undefined || turns === null) return [];
  if (!Array.isArray(turns)) throw wrongHistory(value, place);
  return turns.flatMap((turn: unknown, i): Message[] => {
    const pair: readonly unknown[] = Array.isArray(turn) ? turn : [];
    const [question, answer] = pair;
    if (pair.length !== 2) throw wrongHistory(value, place);
    return [
      { role: 'user', content: parseString(question, `history[${i}][0]`, place) },
      { role: 'assistant', content: parseString(answer, `history[${i}][1]`, place) },
    ];
  });
}

/** The history of a CSV file, which has no lists and holds JSON in the field. */
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
  const ownTurns = prompt.slice(Math.max(0, start));
  // A conversation that begins with its history needs no second copy.
  if (sharedButSpace(turns, ownTurns) === turns.length) return prompt;
  if (ownTurns.length > 1) throw differ('"history" and the conversation begin differently', 'history', place);
  return [...prompt.slice(0, Math.max(0, start)), ...turns, ...ownTurns];
}

function differ(what: string, key: string, place: Place) {
  return rowError(
    'data.prompts-differ',
    place,
    `${what}, so that the question is not clear.`,
    { key },
    'Leave one of the two out.',
  );
}
