import { boundedJson } from './bounded-json.js';
import { type Place, rowError } from './place.js';

/** `{` or `[{` at the beginning, or behind NumPy's `array(`. */
const BEGINS = /^\s*(?:array\(\s*)?(?:\[\s*)?\{/;
/** A list that begins with a message's key in quotes of either kind. */
const MESSAGES = /^\s*(?:array\(\s*)?\[\s*\{\s*(['"])(?:role|content|from|value)\1\s*:/;
/** One message in Python's single quotes. */
const PYTHON_MESSAGE = /^\s*\{\s*'(?:role|content|from|value)'\s*:/;
const SPEAKER = /(['"])(?:role|from)\1\s*:/;
const WORDS = /(['"])(?:content|value|tool_calls)\1\s*:/;

/**
 * The messages that a text holds as JSON; `undefined` for any other text. No answer of a person or a model looks like Python's
 * text of messages, or like broken JSON of messages, and training would learn the spelling of the messages.
 * @throws DpoError `data.conversation-as-text` for Python's text of messages, and for broken JSON of messages
 */
export function conversationIn(text: string, key: string, place: Place): readonly unknown[] | undefined {
  if (!BEGINS.test(text) || !SPEAKER.test(text) || !WORDS.test(text)) return undefined;
  let value: unknown;
  try {
    value = boundedJson(text);
  } catch {
    if (MESSAGES.test(text) || PYTHON_MESSAGE.test(text)) throw asText(text, key, place);
    return undefined;
  }
  const messages: readonly unknown[] = Array.isArray(value) ? value : [value];
  return messages.length > 0 && messages.every(isMessage) ? messages : undefined;
}

function isMessage(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if ('from' in value) return typeof value.from === 'string' && 'value' in value;
  return 'role' in value && typeof value.role === 'string' && ('content' in value || 'tool_calls' in value);
}

function asText(text: string, key: string, place: Place) {
  const python = /['"](?:role|content|from|value)'\s*:/.test(text);
  const what = python ? "Python's text of a list of messages" : 'text of a list of messages that is not whole JSON';
  return rowError(
    'data.conversation-as-text',
    place,
    `"${key}" holds ${what}, whose spelling would be trained on: ${JSON.stringify(text.slice(0, 60))}.`,
    { key },
    'Write JSON lines or Parquet from Python (dataset.to_json, to_parquet), or the column with json.dumps; CSV knows no lists.',
  );
}
