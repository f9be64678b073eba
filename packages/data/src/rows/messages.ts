import type { Json, Message, Text } from '@dpo/base';
import { boundedJson } from './bounded-json.js';
import { conversationWithin } from './conversation-text.js';
import { type FileRecord, parseJson, parseString, wrongType } from './parse-values.js';
import { type Place, rowError } from './place.js';

/** Roles that chat templates know. */
const KNOWN: ReadonlySet<string> = new Set(['system', 'user', 'assistant', 'tool', 'developer', 'function']);

/** What other programs call the roles: ShareGPT, OASST, Gemini. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['human', 'user'],
  ['prompter', 'user'],
  ['gpt', 'assistant'],
  ['chatgpt', 'assistant'],
  ['model', 'assistant'],
  ['bot', 'assistant'],
  ['ai', 'assistant'],
  ['observation', 'tool'],
]);

/**
 * Plain text, a list of messages, or one message, with all that the messages say. A message is `{role, content}` or, as
 * ShareGPT has it, `{from, value}`. JSON text of messages is read as the messages; Python's is refused
 * (`data.conversation-as-text`), since it would be trained on as text.
 */
export function parseText(value: unknown, key: string, place: Place): Text {
  if (typeof value === 'string') {
    const within = conversationWithin(value, key, place);
    if (within === undefined) return parseString(value, key, place);
    place.notes?.mend('conversation-as-text', place.row);
    return parseText(within, key, place);
  }
  if (isMessageLike(value)) return [parseMessage(value, key, place)];
  if (!Array.isArray(value)) throw wrongType(value, key, 'a string or a list of messages', place);
  return value.map((message: unknown, index) => parseMessage(message, `${key}[${index}]`, place));
}

function isMessageLike(value: unknown): value is FileRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && ('role' in value || 'from' in value);
}

/**
 * A message: `role`, `content` (a text, a list of parts, or nothing where the message calls tools), and every other key that
 * is not null. Python's `datasets` fills the keys that only some messages have with null, so null is no value.
 */
function parseMessage(value: unknown, key: string, place: Place): Message {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(value, key, 'a message with role and content', place);
  }
  const given = value as FileRecord;
  if (given.role === undefined && given.from !== undefined) return fromValue(given, key, place);
  const { role, content, ...others } = given;
  const said = otherKeys(others, key, place);
  const words = parseContent(content, `${key}.content`, place);
  if (words === null && !mayBeWordless(content, said)) throw noContent(given, key, place);
  return inOrderOf(given, { role: roleOf(parseString(role, `${key}.role`, place), place), content: words, ...said });
}

/** The message with its keys as the file has them: a template that prints a whole message prints them in this order. */
function inOrderOf(given: FileRecord, message: Message): Message {
  const names = Object.keys(given).filter((name) => message[name] !== undefined);
  // Content that a table left out as null stands where it usually does.
  if (!names.includes('content')) names.splice(names.indexOf('role') + 1, 0, 'content');
  if (names[0] === 'role' && names[1] === 'content') return message;
  const ordered = Object.fromEntries(names.map((name) => [name, message[name] as Json]));
  return { ...ordered, role: message.role, content: message.content };
}

function otherKeys(others: FileRecord, key: string, place: Place): Omit<Message, 'role' | 'content'> {
  const said = Object.entries(others).filter(([, other]) => other !== undefined && other !== null);
  if (said.length === 0) return {};
  return Object.fromEntries(
    said.map(([name, other]) => [
      parseString(name, `${key}.${name}`, place),
      parseJson(other, `${key}.${name}`, place),
    ]),
  );
}

function parseContent(content: unknown, key: string, place: Place): Message['content'] {
  if (content === undefined || content === null) return null;
  if (!Array.isArray(content)) return parseString(content, key, place);
  return content.map((part: unknown, i) => parseJson(part ?? null, `${key}[${i}]`, place));
}

/** A message that says something else needs no words, but one without the key must at least call a tool. */
function mayBeWordless(content: unknown, { name: _, ...said }: FileRecord): boolean {
  return content === null ? Object.keys(said).length > 0 : 'tool_calls' in said || 'function_call' in said;
}

function noContent(message: FileRecord, key: string, place: Place) {
  const keys = Object.keys(message);
  const what = message.content === null ? 'null' : 'missing';
  return rowError(
    'data.wrong-type',
    place,
    `"${key}.content" is ${what}: the message has ${keys.map((name) => `"${name}"`).join(', ')}.`,
    { key: `${key}.content`, keys },
    'A message is {"role": …, "content": …} or {"from": …, "value": …}; only one that calls tools may go without content.',
  );
}

/** A turn of ShareGPT. A call of a function is what chat templates know as `tool_calls`. */
function fromValue({ from, value, role: _, ...others }: FileRecord, key: string, place: Place): Message {
  const name = parseString(from, `${key}.from`, place).trim().toLowerCase();
  if (value === undefined || value === null) throw noValue({ from, ...others }, key, place);
  const said = otherKeys(others, key, place);
  if (name === 'function_call') {
    return { role: 'assistant', content: null, tool_calls: functionCalls(value, `${key}.value`, place), ...said };
  }
  const content = parseContent(value, `${key}.value`, place);
  return { role: ALIASES.get(name) ?? (KNOWN.has(name) ? name : String(from)), content, ...said };
}

function noValue(message: FileRecord, key: string, place: Place) {
  const keys = Object.keys(message);
  return rowError(
    'data.wrong-type',
    place,
    `"${key}.value" is missing: the message has ${keys.map((name) => `"${name}"`).join(', ')}.`,
    { key: `${key}.value`, keys },
    'A message is {"from": …, "value": …} or {"role": …, "content": …}.',
  );
}

function functionCalls(value: unknown, key: string, place: Place): Message['tool_calls'] {
  const given = typeof value === 'string' ? jsonOf(value) : value;
  const calls = Array.isArray(given) ? given : [given];
  return calls.map((call: unknown) => {
    const { name, arguments: given } = isObject(call) ? call : {};
    if (typeof name !== 'string') throw wrongType(value, key, 'JSON of {"name": …, "arguments": …}', place);
    return { type: 'function', function: { name, arguments: parseJson(given ?? {}, key, place) } };
  });
}

function jsonOf(text: string): unknown {
  try {
    return boundedJson(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is FileRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A role as templates know it: one with another name or in capitals would be written as it stands, or refused. */
function roleOf(role: string, place: Place): string {
  if (KNOWN.has(role)) return role;
  const lower = role.trim().toLowerCase();
  const known = ALIASES.get(lower) ?? (KNOWN.has(lower) ? lower : undefined);
  if (known === undefined) return role;
  place.notes?.mend('role-names', place.row);
  return known;
}

/** An answer: as {@link parseText}, and not empty (`data.empty-answer`). */
export function parseAnswer(value: unknown, key: string, place: Place): Text {
  const text = parseText(value, key, place);
  if (typeof text === 'string' ? text === '' : text.every(saysNothing)) throw emptyAnswer(key, place);
  return text;
}

/** The error for an answer that says nothing. */
export function emptyAnswer(key: string, place: Place) {
  return rowError(
    'data.empty-answer',
    place,
    `"${key}" is empty.`,
    { key },
    'Give the answer a text, or leave the row out (--on-error skip).',
  );
}

/** True for a message without words and without anything else to say. */
export function saysNothing({ role: _, content, name: __, ...others }: Message): boolean {
  return Object.keys(others).length === 0 && (content === null || content.length === 0);
}
