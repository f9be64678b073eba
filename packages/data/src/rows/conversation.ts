import type { Json, Message, TemplateInputs, Text } from '@dpo/base';
import { sameJson } from './_json.js';

/** True for a list of chat messages, false for plain text. */
export function isChat(text: Text): text is readonly Message[] {
  return typeof text !== 'string';
}

/** True when both are the same text or the same messages. */
export function sameText(a: Text, b: Text): boolean {
  if (!isChat(a) || !isChat(b)) return a === b;
  return a.length === b.length && sharedMessages(a, b) === a.length;
}

/** The number of messages at the beginning that two conversations share, equal in all their keys. */
export function sharedMessages(a: readonly Message[], b: readonly Message[]): number {
  let count = 0;
  for (; count < a.length && count < b.length; count++) {
    if (!sameMessage(a[count] as Message, b[count] as Message)) break;
  }
  return count;
}

/** True when two messages have the same keys and values, in any order. */
function sameMessage(a: Message, b: Message): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => sameJson(a[key], b[key]));
}

/** The same as {@link sharedMessages}, blanks and line breaks at the ends of their texts aside. */
export function sharedButSpace(a: readonly Message[], b: readonly Message[]): number {
  let count = 0;
  while (count < a.length && count < b.length && sameButSpace(a[count] as Message, b[count] as Message)) count++;
  return count;
}

/** True when two messages are the same, blanks and line breaks at the ends of their texts aside. */
export function sameButSpace(a: Message, b: Message): boolean {
  const trimmed = (message: Message) =>
    typeof message.content === 'string' ? { ...message, content: message.content.trim() } : message;
  return sameMessage(trimmed(a), trimmed(b));
}

/** The variables that a row hands to the chat template: its own, and its tools under `tools`. */
export function templateVariables({ tools, templateVariables: own }: TemplateInputs): Readonly<Record<string, Json>> {
  return tools === undefined ? (own ?? {}) : { ...own, tools };
}

/** A text for people and for comparing lengths: messages as lines `role: content`, with their other keys behind as JSON. */
export function plainText(text: Text): string {
  return isChat(text) ? text.map(messageText).join('\n') : text;
}

function messageText({ role, content, ...others }: Message): string {
  const parts = [contentText(content), Object.keys(others).length === 0 ? '' : JSON.stringify(others)];
  return `${role}: ${parts.filter((part) => part !== '').join(' ')}`;
}

/** The words of a message: its content, or the texts of its content's parts. Parts that are no texts are JSON. */
export function contentText(content: Message['content']): string {
  if (content === null || typeof content === 'string') return content ?? '';
  return content.map(partText).join('');
}

function partText(part: Json): string {
  if (typeof part === 'string') return part;
  if (part !== null && typeof part === 'object' && 'text' in part && typeof part.text === 'string') return part.text;
  return JSON.stringify(part);
}
