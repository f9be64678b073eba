import type { Json, Message } from '@dpo/base';

/** No text that people write has these characters: they are for private use. */
const mark = '\uf8ff\ue83a\uf8ff';

/** Strings of a message that name something, and are no part of what is said. */
const names = new Set(['role', 'name', 'type', 'id', 'tool_call_id']);

/**
 * How many characters of a conversation's text come after all that its last message says: what the template writes there
 * is the end of the turn and what follows. Found by rendering the conversation again with a mark behind each text of
 * that message: the two renderings have the same end, up to the last mark. A search for the message's text would be misled
 * where the text is a piece of the end token, or where the template writes the text in another form.
 *
 * Undefined where the template fails on marked texts, or writes none of them.
 *
 * @param whole the conversation's text
 * @param render renders the conversation with another answer
 */
export function afterLastMessage(
  whole: string,
  answer: readonly Message[],
  render: (answer: readonly Message[]) => string,
): number | undefined {
  const last = answer.at(-1);
  if (last === undefined) return undefined;
  const marked = tried(() => render([...answer.slice(0, -1), markedMessage(last)]));
  const at = marked?.lastIndexOf(mark) ?? -1;
  if (marked === undefined || at < 0) return undefined;
  const after = marked.length - at - mark.length;
  return whole.endsWith(marked.slice(marked.length - after)) ? after : undefined;
}

function tried(render: () => string): string | undefined {
  try {
    return render();
  } catch {
    // A template may refuse what is marked; the conversation itself was rendered.
    return undefined;
  }
}

function markedMessage(message: Message): Message {
  const marked: Record<string, Json> = {};
  for (const [key, value] of Object.entries(message)) marked[key] = markedValue(key, value);
  return { ...marked, role: message.role, content: marked.content as Message['content'] };
}

/** Arguments of a call get one more, since the last of them may be no text. */
function markedValue(key: string, value: Json): Json {
  if (names.has(key)) return value;
  if (typeof value === 'string') return value + mark;
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map((item) => markedValue('', item));
  const marked = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, markedValue(name, inner)]));
  return key === 'arguments' ? { ...marked, [mark]: mark } : marked;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
