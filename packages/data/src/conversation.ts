import type { Message, Text } from './types.js';

/** True for a list of chat messages, false for plain text. */
export function isChat(text: Text): text is readonly Message[] {
  return typeof text !== 'string';
}

/** True where both are the same text or the same messages. */
export function sameText(a: Text, b: Text): boolean {
  if (!isChat(a) || !isChat(b)) return a === b;
  return a.length === b.length && sharedMessages(a, b) === a.length;
}

/** How many whole messages two conversations begin with in common. */
export function sharedMessages(a: readonly Message[], b: readonly Message[]): number {
  let count = 0;
  for (; count < a.length && count < b.length; count++) {
    const [left, right] = [a[count], b[count]];
    if (left?.role !== right?.role || left?.content !== right?.content) break;
  }
  return count;
}

/**
 * Splits two whole conversations into the prompt that both begin with and the answers that follow. The split falls
 * between messages, never inside one, and leaves each answer at least its last message. `undefined` where they share
 * no first message.
 */
export function splitConversations(
  chosen: readonly Message[],
  rejected: readonly Message[],
): { prompt: readonly Message[]; chosen: readonly Message[]; rejected: readonly Message[] } | undefined {
  const count = Math.min(sharedMessages(chosen, rejected), chosen.length - 1, rejected.length - 1);
  if (count < 1) return undefined;
  return { prompt: chosen.slice(0, count), chosen: chosen.slice(count), rejected: rejected.slice(count) };
}

/** A text for people and for comparing lengths: messages as `role: content` lines. */
export function plainText(text: Text): string {
  return isChat(text) ? text.map(({ role, content }) => `${role}: ${content}`).join('\n') : text;
}
