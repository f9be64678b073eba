import type { Json, Message } from '@dpo/base';

/** Characters for private use, which no text of a person has. */
const mark = '\uf8ff\ue83a\uf8ff';

/** Keys of a message whose values are names, and no part of the message's text. */
const names = new Set(['role', 'name', 'type', 'id', 'tool_call_id']);

/**
 * How many characters of a conversation's text come after the texts of its last message: there the template writes the end of the
 * turn. The conversation is rendered again with a mark behind each text of that message; behind the last mark, the two renderings
 * are the same. A search for the message's text itself would fail when the text is a piece of the end token, or when the template
 * changes the text.
 *
 * Undefined when the template fails on marked texts, or writes none of them.
 *
 * @param whole the conversation's text
 * @param answer the conversation's last messages
 * @param render renders the conversation with other messages in the place of `answer`
 */
export function afterLastMessage(
  whole: string,
  answer: readonly Message[],
  render: (answer: readonly Message[]) => string,
): number | undefined {
  const last = answer.at(-1);
  if (last === undefined) return undefined;
  const text = tryRender(() => render([...answer.slice(0, -1), markMessage(last)]));
  const at = text?.lastIndexOf(mark) ?? -1;
  if (text === undefined || at < 0) return undefined;
  const after = text.length - at - mark.length;
  return whole.endsWith(text.slice(text.length - after)) ? after : undefined;
}

function tryRender(render: () => string): string | undefined {
  try {
    return render();
  } catch {
    // A template may refuse marked texts although it renders the conversation.
    return undefined;
  }
}

function markMessage(message: Message): Message {
  const result: Record<string, Json> = {};
  for (const [key, value] of Object.entries(message)) result[key] = markValue(key, value);
  return { ...result, role: message.role, content: result.content as Message['content'] };
}

/** A value with a mark behind each text. The arguments of a call get one argument more, since the last may be no text. */
function markValue(key: string, value: Json): Json {
  if (names.has(key)) return value;
  if (typeof value === 'string') return value + mark;
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map((item) => markValue('', item));
  const result = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, markValue(name, inner)]));
  return key === 'arguments' ? { ...result, [mark]: mark } : result;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
