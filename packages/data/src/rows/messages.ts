import type { Json, Message, Text } from '@dpo/base';
import { boundedJson } from './bounded-json.js';
import { conversationIn } from './conversation-text.js';
import { type FileRecord, parseJson, parseString, wrongType } from './parse-values.js';
import { type Place, rowError } from './place.js';

/** Roles that chat templates know. */
const TEMPLATE_ROLES: ReadonlySet<string> = new Set(['system', 'user', 'assistant', 'tool', 'developer', 'function']);

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
 * Plain text, a list of messages, or one message, with all keys of the messages. A message is `{role, content}` or, as
 * ShareGPT has it, `{from, value}`. JSON text of messages is read as the messages.
 * @throws DpoError `data.wrong-type`, `data.invalid-text`; `data.conversation-as-text` for Python's text of messages, which
 * would be trained on as text
 */
export function parseText(value: unknown, key: string, place: Place): Text {
  if (typeof value === 'string') {
    const messages = conversationIn(value, key, place);
    if (messages === undefined) return parseString(value, key, place);
    place.notes?.mend('conversation-as-text', place.row);
    return parseText(messages, key, place);
  }
  if (isMessageLike(value)) return [parseMessage(value, key, place)];
  if (!Array.isArray(value)) throw wrongType(value, key, 'a string or a list of messages', place);
  return value.map((message: unknown, index) => parseMessage(message, `${key}[${index}]`, place));
}

function isMessageLike(value: unknown): value is FileRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && ('role' in value || 'from' in value);
}

/**
 * A message: `role`, `content` (a text, a list of parts, or nothing when the message calls tools), and every other key that
 * is not null. Python's `datasets` gives a message null for each key that only other messages have, so null is no value.
 */
function parseMessage(value: unknown, key: string, place: Place): Message {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(value, key, 'a message with role and content', place);
  }
  const record = value as FileRecord;
  if (record.role === undefined && record.from !== undefined) return fromValue(record, key, place);
  const { role, content, ...rest } = record;
  const others = otherKeys(rest, key, place);
  const words = parseContent(content, `${key}.content`, place);
  if (words === null && !mayBeWordless(content, others)) throw noContent(record, key, place);
  return inOrderOf(record, { role: roleOf(parseString(role, `${key}.role`, place), place), content: words, ...others });
}

/** The message with its keys in the file's order, in which a template prints a whole message. */
function inOrderOf(record: FileRecord, message: Message): Message {
  const names = Object.keys(record).filter((name) => message[name] !== undefined);
  // A table leaves out content that is null; its usual place is behind the role.
  if (!names.includes('content')) names.splice(names.indexOf('role') + 1, 0, 'content');
  if (names[0] === 'role' && names[1] === 'content') return message;
  const ordered = Object.fromEntries(names.map((name) => [name, message[name] as Json]));
  return { ...ordered, role: message.role, content: message.content };
}

function otherKeys(others: FileRecord, key: string, place: Place): Omit<Message, 'role' | 'content'> {
  const entries = Object.entries(others).filter(([, other]) => other !== undefined && other !== null);
  if (entries.length === 0) return {};
  return Object.fromEntries(
    entries.map(([name, other]) => [
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

/** A message whose content is null needs another key besides; a message without content at all must call a tool. */
function mayBeWordless(content: unknown, { name: _, ...others }: FileRecord): boolean {
  return content === null ? Object.keys(others).length > 0 : 'tool_calls' in others || 'function_call' in others;
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

/** The message of a ShareGPT turn. A `function_call` becomes `tool_calls`, which chat templates expect. */
function fromValue({ from, value, role: _, ...rest }: FileRecord, key: string, place: Place): Message {
  const name = parseString(from, `${key}.from`, place).trim().toLowerCase();
  if (value === undefined || value === null) throw noValue({ from, ...rest }, key, place);
  const others = otherKeys(rest, key, place);
  if (name === 'function_call') {
    return { role: 'assistant', content: null, tool_calls: functionCalls(value, `${key}.value`, place), ...others };
  }
  const content = parseContent(value, `${key}.value`, place);
  return { role: ALIASES.get(name) ?? (TEMPLATE_ROLES.has(name) ? name : String(from)), content, ...others };
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
  const content = typeof value === 'string' ? jsonOf(value) : value;
  const calls = Array.isArray(content) ? content : [content];
  return calls.map((call: unknown) => {
    const { name, arguments: input } = isObject(call) ? call : {};
    if (typeof name !== 'string') throw wrongType(value, key, 'JSON of {"name": …, "arguments": …}', place);
    return { type: 'function', function: { name, arguments: parseJson(input ?? {}, key, place) } };
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

/** A role's name in chat templates, which would print or refuse `Human`, `GPT` or `USER`. Unknown roles stay. */
function roleOf(role: string, place: Place): string {
  if (TEMPLATE_ROLES.has(role)) return role;
  const lower = role.trim().toLowerCase();
  const templateRole = ALIASES.get(lower) ?? (TEMPLATE_ROLES.has(lower) ? lower : undefined);
  if (templateRole === undefined) return role;
  place.notes?.mend('role-names', place.row);
  return templateRole;
}

/** An answer, parsed as {@link parseText} does. @throws DpoError `data.empty-answer`, and the errors of {@link parseText} */
export function parseAnswer(value: unknown, key: string, place: Place): Text {
  const text = parseText(value, key, place);
  if (typeof text === 'string' ? text === '' : text.every(saysNothing)) throw emptyAnswer(key, place);
  return text;
}

/** The error for an empty answer. */
export function emptyAnswer(key: string, place: Place) {
  return rowError(
    'data.empty-answer',
    place,
    `"${key}" is empty.`,
    { key },
    'Give the answer a text, or leave the row out (--on-error skip).',
  );
}

/** True for a message without words and without any key besides role and content. */
export function saysNothing({ role: _, content, name: __, ...others }: Message): boolean {
  return Object.keys(others).length === 0 && (content === null || content.length === 0);
}
