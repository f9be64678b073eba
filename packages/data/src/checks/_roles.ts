import type { Message } from '@dpo/base';
import { isChat } from '../rows/conversation.js';
import type { PreferencePair } from '../rows/types.js';

/**
 * True where a conversation is one that chat templates know: a system message at most at the beginning, no two turns of
 * user or of assistant one after another, a prompt that ends in a user's or tool's turn, answers that begin and end with
 * the assistant's. Plain text is always in order.
 */
export function rolesInOrder({ prompt, chosen, rejected }: PreferencePair): boolean {
  if (!isChat(prompt)) return true;
  const last = prompt.at(-1)?.role;
  if (last === 'assistant' || last === 'system') return false;
  return [chosen, rejected].every((answer) => {
    if (!isChat(answer)) return true;
    const ends = [answer[0], answer.at(-1)].every((message) => message?.role === 'assistant');
    return ends && turnsAlternate([...prompt, ...answer]);
  });
}

function turnsAlternate(messages: readonly Message[]): boolean {
  return messages.every(({ role }, i) => {
    const before = messages[i - 1]?.role;
    if (role === 'system' || role === 'developer') return i === 0 || before === 'system' || before === 'developer';
    return !((role === 'user' || role === 'assistant') && role === before);
  });
}
