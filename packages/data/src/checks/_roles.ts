import type { Message } from '@dpo/base';
import { isChat } from '../rows/conversation.js';
import type { PreferencePair } from '../rows/types.js';

/**
 * True when chat templates accept the order of a conversation's roles: system messages at the beginning only, no two successive
 * turns of the user or of the assistant, a prompt that ends in a turn of the user or a tool, answers that begin and end with a
 * turn of the assistant. Plain text is always in order.
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
    const previous = messages[i - 1]?.role;
    if (role === 'system' || role === 'developer') return i === 0 || previous === 'system' || previous === 'developer';
    return !((role === 'user' || role === 'assistant') && role === previous);
  });
}
