import type { Message } from '@dpo/base';
import { sameButSpace, sharedButSpace, sharedMessages } from './conversation.js';
import { emptyAnswer, saysNothing } from './messages.js';
import { type Place, rowError } from './place.js';

/** A prompt and its answers, as conversations. */
export interface Arrangement {
  readonly prompt: readonly Message[];
  readonly answers: readonly (readonly Message[])[];
}

/** The conversations of a row's answers, with the names of their columns for error messages. */
export interface NamedConversations {
  readonly keys: readonly string[];
  readonly answers: readonly (readonly Message[])[];
}

/** Roles that ask. No answer begins or ends with a turn of theirs. */
const ASKING: ReadonlySet<string> = new Set(['user', 'system', 'developer']);
const SYSTEM: ReadonlySet<string> = new Set(['system', 'developer']);

/**
 * Puts a prompt and its answers in order, so that no message stands twice and every answer is the assistant's.
 *
 * - Without a prompt, the prompt is the messages that all conversations begin with.
 * - With a text as the prompt, the answers follow the text, or are conversations that hold the text as a user's turn.
 * - With messages as the prompt, the messages that the answers repeat are cut off. A system message that all answers add goes
 *   into the prompt.
 *
 * Line breaks and blanks at the ends of messages make no difference.
 * @throws DpoError with the row and the key: `data.no-shared-beginning`, `data.prompts-differ`, `data.not-an-answer`,
 * `data.empty-answer`, `data.empty-prompt`
 */
export function arrange(
  prompt: string | readonly Message[] | undefined,
  conversations: NamedConversations,
  place: Place,
): Arrangement {
  const arrangement = arrangeBy(prompt, conversations, place);
  arrangement.answers.forEach((answer, i) => {
    checkAnswer(answer, conversations.keys[i] as string, place);
  });
  return arrangement;
}

function arrangeBy(
  prompt: string | readonly Message[] | undefined,
  conversations: NamedConversations,
  place: Place,
): Arrangement {
  if (prompt === undefined) {
    const split = splitShared(conversations.answers, place);
    if (split !== undefined) return split;
    throw rowError(
      'data.no-shared-beginning',
      place,
      'there is no prompt, and the two conversations share no first message.',
      {},
      'Give the prompt in a column of its own.',
    );
  }
  if (typeof prompt === 'string') return followingText(prompt, conversations, place);
  if (prompt.length === 0) throw rowError('data.empty-prompt', place, '"prompt" holds no message.', { key: 'prompt' });
  return followingMessages(prompt, conversations, place);
}

/**
 * Splits whole conversations into their shared beginning and the rest of each. The split falls between messages, leaves each
 * conversation its last message, and lies before a turn that answers. The result is `undefined` when no message is left
 * before the split.
 */
function splitShared(answers: NamedConversations['answers'], place: Place): Arrangement | undefined {
  const [first = [], ...others] = answers;
  const shared = Math.min(
    ...others.map((other) => sharedMessages(first, other)),
    ...answers.map(({ length }) => length - 1),
  );
  const count = answeredFrom(answers, shared);
  if (count < 1) return undefined;
  if (count < shared) place.notes?.mend('split-before-answers', place.row);
  return { prompt: first.slice(0, count), answers: answers.map((answer) => answer.slice(count)) };
}

/** The last place, `count` at most, at which no conversation goes on with a turn that asks; 0 without such a place. */
function answeredFrom(answers: NamedConversations['answers'], count: number): number {
  let from = count;
  while (from > 0 && answers.some((answer) => asks(answer[from]))) from--;
  return from;
}

function followingText(prompt: string, conversations: NamedConversations, place: Place): Arrangement {
  const { answers } = conversations;
  const turn: Message = { role: 'user', content: prompt };
  const wholeCount = answers.filter(([first]) => asks(first)).length;
  if (wholeCount === 0) return { prompt: [turn], answers };
  const isPrompt = (message: Message) => message.role === 'user' && sameButSpace(message, turn);
  if (wholeCount === answers.length) {
    const split = splitShared(answers, place);
    if (split?.prompt.some((message) => sameButSpace({ ...message, role: 'user' }, turn))) return split;
  }
  const cuts = answers.map((answer) => {
    if (!asks(answer[0])) return { lead: [turn], rest: answer };
    const at = answer.findIndex(isPrompt);
    const leads = at >= 0 && at < answer.length - 1 && answer.slice(0, at).every(({ role }) => SYSTEM.has(role));
    return leads ? { lead: answer.slice(0, at + 1), rest: answer.slice(at + 1) } : undefined;
  });
  return joinCuts(cuts, [], conversations, place);
}

function followingMessages(prompt: readonly Message[], conversations: NamedConversations, place: Place): Arrangement {
  const cuts = conversations.answers.map((answer) => cutRepeated(prompt, answer));
  const joint = joinCuts(
    cuts,
    prompt,
    conversations,
    place,
    cuts.some((cut) => cut.repeats),
  );
  // A question that all answers go on with is part of the prompt.
  const split = joint.answers.every(([first]) => asks(first)) ? splitShared(joint.answers, place) : undefined;
  if (split === undefined || prompt.at(-1)?.role === split.prompt[0]?.role) return joint;
  return { prompt: [...joint.prompt, ...split.prompt], answers: split.answers };
}

/** An answer cut in two: `lead` holds system messages that belong before the prompt, or the prompt itself. */
interface Cut {
  readonly lead: readonly Message[];
  readonly rest: readonly Message[];
  readonly repeats?: boolean;
}

function cutRepeated(prompt: readonly Message[], answer: readonly Message[]): Cut {
  let rest = answer;
  // Every repetition goes, so that the row stays the same when it is written and read again.
  while (begins(rest, prompt)) rest = rest.slice(prompt.length);
  if (rest !== answer) return { lead: [], rest, repeats: true };
  if (!asks(answer[0])) return { lead: [], rest: answer };
  const systems = answer.findIndex(({ role }) => !SYSTEM.has(role));
  const beyond = answer.slice(systems);
  if (systems > 0 && !SYSTEM.has(prompt[0]?.role ?? '') && begins(beyond, prompt)) {
    return { lead: answer.slice(0, systems), rest: beyond.slice(prompt.length), repeats: true };
  }
  for (let from = 1; from < prompt.length; from++) {
    const end = prompt.slice(from);
    if (asks(end[0]) && begins(answer, end)) return { lead: [], rest: answer.slice(end.length), repeats: true };
  }
  return { lead: [], rest: answer };
}

/** Puts the answers behind one prompt when all have the same lead. */
function joinCuts(
  cuts: readonly (Cut | undefined)[],
  prompt: readonly Message[],
  conversations: NamedConversations,
  place: Place,
  repeats = true,
): Arrangement {
  const lead = cuts[0]?.lead ?? [];
  const wrong = cuts.findIndex((cut) => cut === undefined || !sameLead(cut.lead, lead));
  if (wrong >= 0) throw promptsDiffer(conversations.keys[wrong] as string, place);
  if (repeats) place.notes?.mend('prompt-repeated', place.row);
  return { prompt: [...lead, ...prompt], answers: cuts.map((cut) => cut?.rest ?? []) };
}

function sameLead(a: readonly Message[], b: readonly Message[]): boolean {
  return a.length === b.length && sharedButSpace(a, b) === a.length;
}

/** True when `answer` is longer than `start` and begins with `start`, blanks at the ends of messages aside. */
function begins(answer: readonly Message[], start: readonly Message[]): boolean {
  return answer.length > start.length && sharedButSpace(start, answer) === start.length;
}

function asks(message: Message | undefined): boolean {
  return message !== undefined && ASKING.has(message.role);
}

function checkAnswer(answer: readonly Message[], key: string, place: Place): void {
  const last = answer.at(-1);
  if (last === undefined || saysNothing(last)) throw emptyAnswer(key, place);
  const [verb, message] = asks(answer[0]) ? ['begins', answer[0]] : ['ends', last];
  if (!asks(message)) return;
  throw rowError(
    'data.not-an-answer',
    place,
    `"${key}" ${verb} with a turn of "${message?.role}", which is no answer of the assistant.`,
    { key, role: message?.role },
    verb === 'ends'
      ? "End each conversation with the assistant's answer that was compared."
      : 'Put the question into the prompt, and the words of the assistant into the answers.',
  );
}

function promptsDiffer(key: string, place: Place) {
  return rowError(
    'data.prompts-differ',
    place,
    `"prompt" and the conversation in "${key}" begin differently, so that the question is not clear.`,
    { key },
    'Give the prompt once: leave the column out when the conversations are whole, or cut the conversations to the answers.',
  );
}

/** A prompt of at least so many words, or so many UTF-16 units, is not repeated by accident. */
const [WORDS, CHARACTERS] = [3, 16];

/**
 * Cuts a plain prompt off the head of answers that all repeat the prompt. A prompt of a word or two may well begin an answer,
 * so that nothing is cut off. Nothing is cut off either when the cut would fall within a word, or leave an answer empty.
 */
export function cutRepeatedText(prompt: string, answers: readonly string[], place: Place): readonly string[] {
  if (prompt.length < CHARACTERS && prompt.trim().split(/\s+/).length < WORDS) return answers;
  const repeat = answers.every(
    (answer) => answer.startsWith(prompt) && answer.slice(prompt.length).trim() !== '' && !cutsWord(prompt, answer),
  );
  if (!repeat) return answers;
  place.notes?.mend('prompt-repeated', place.row);
  // Every repetition goes, so that the row stays the same when it is written and read again.
  return cutRepeatedText(
    prompt,
    answers.map((answer) => answer.slice(prompt.length)),
    place,
  );
}

function cutsWord(prompt: string, answer: string): boolean {
  return /[\p{L}\p{N}\p{M}]$/u.test(prompt) && /^[\p{L}\p{N}\p{M}]/u.test(answer.slice(prompt.length));
}
