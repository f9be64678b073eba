import type { Message } from '@dpo/base';
import { sameButSpace, sharedButSpace, sharedMessages } from './conversation.js';
import { emptyAnswer, saysNothing } from './messages.js';
import { type Place, rowError } from './place.js';

/** A prompt with its answers, as conversations. */
export interface Arranged {
  readonly prompt: readonly Message[];
  readonly answers: readonly (readonly Message[])[];
}

/** Conversations with the names of their columns: for messages. */
export interface Named {
  readonly keys: readonly string[];
  readonly answers: readonly (readonly Message[])[];
}

/** Roles that ask: no answer begins or ends with their turns. */
const ASKING: ReadonlySet<string> = new Set(['user', 'system', 'developer']);
const SYSTEM: ReadonlySet<string> = new Set(['system', 'developer']);

/**
 * Puts a prompt and answers in order so that nothing stands twice and every answer is the assistant's.
 *
 * - Without a prompt, the prompt is what the conversations begin with in common.
 * - With a text, the answers follow it, or are conversations that hold it as a user's turn.
 * - With messages, what the answers repeat of them is cut off; a system message that all answers add goes into the prompt.
 *
 * Line breaks and blanks at the ends of messages make no difference. Errors name the row and key: `data.no-shared-beginning`,
 * `data.prompts-differ`, `data.not-an-answer`, `data.empty-answer`, `data.empty-prompt`.
 */
export function arrange(prompt: string | readonly Message[] | undefined, named: Named, place: Place): Arranged {
  const arranged = arrangeBy(prompt, named, place);
  arranged.answers.forEach((answer, i) => {
    checkAnswer(answer, named.keys[i] as string, place);
  });
  return arranged;
}

function arrangeBy(prompt: string | readonly Message[] | undefined, named: Named, place: Place): Arranged {
  if (prompt === undefined) {
    const split = splitShared(named.answers, place);
    if (split !== undefined) return split;
    throw rowError(
      'data.no-shared-beginning',
      place,
      'there is no prompt, and the two conversations share no first message.',
      {},
      'Give the prompt in a column of its own.',
    );
  }
  if (typeof prompt === 'string') return followingText(prompt, named, place);
  if (prompt.length === 0) throw rowError('data.empty-prompt', place, '"prompt" holds no message.', { key: 'prompt' });
  return followingMessages(prompt, named, place);
}

/**
 * Splits whole conversations into what all begin with and what follows. The split falls between messages, leaves each
 * conversation its last message, and lies before a turn that answers. `undefined` where nothing is left before it.
 */
function splitShared(answers: Named['answers'], place: Place): Arranged | undefined {
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

/** The last place at or before this one where no conversation goes on with a turn that asks; 0 where there is none. */
function answeredFrom(answers: Named['answers'], count: number): number {
  let from = count;
  while (from > 0 && answers.some((answer) => asks(answer[from]))) from--;
  return from;
}

function followingText(prompt: string, named: Named, place: Place): Arranged {
  const { answers } = named;
  const turn: Message = { role: 'user', content: prompt };
  const whole = answers.filter(([first]) => asks(first)).length;
  if (whole === 0) return { prompt: [turn], answers };
  const isPrompt = (message: Message) => message.role === 'user' && sameButSpace(message, turn);
  if (whole === answers.length) {
    const split = splitShared(answers, place);
    if (split?.prompt.some((message) => sameButSpace({ ...message, role: 'user' }, turn))) return split;
  }
  const cut = answers.map((answer) => {
    if (!asks(answer[0])) return { lead: [turn], rest: answer };
    const at = answer.findIndex(isPrompt);
    const leads = at >= 0 && at < answer.length - 1 && answer.slice(0, at).every(({ role }) => SYSTEM.has(role));
    return leads ? { lead: answer.slice(0, at + 1), rest: answer.slice(at + 1) } : undefined;
  });
  return joinCut(cut, [], named, place);
}

function followingMessages(prompt: readonly Message[], named: Named, place: Place): Arranged {
  const cut = named.answers.map((answer) => cutRepeated(prompt, answer));
  const joined = joinCut(
    cut,
    prompt,
    named,
    place,
    cut.some((one) => one?.repeats),
  );
  // What all answers go on asking is part of the prompt.
  const split = joined.answers.every(([first]) => asks(first)) ? splitShared(joined.answers, place) : undefined;
  if (split === undefined || prompt.at(-1)?.role === split.prompt[0]?.role) return joined;
  return { prompt: [...joined.prompt, ...split.prompt], answers: split.answers };
}

/** An answer without what it repeats: `lead` are system messages that belong before the prompt, or the prompt itself. */
interface Cut {
  readonly lead: readonly Message[];
  readonly rest: readonly Message[];
  readonly repeats?: boolean;
}

function cutRepeated(prompt: readonly Message[], answer: readonly Message[]): Cut {
  let rest = answer;
  // However often: what is read once more must stay as it is.
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

/** Puts the answers behind one prompt, where all of them lead to the same. */
function joinCut(
  cut: readonly (Cut | undefined)[],
  prompt: readonly Message[],
  named: Named,
  place: Place,
  repeats = true,
): Arranged {
  const lead = cut[0]?.lead ?? [];
  const wrong = cut.findIndex((one) => one === undefined || !sameLead(one.lead, lead));
  if (wrong >= 0) throw promptsDiffer(named.keys[wrong] as string, place);
  if (repeats) place.notes?.mend('prompt-repeated', place.row);
  return { prompt: [...lead, ...prompt], answers: cut.map((one) => one?.rest ?? []) };
}

function sameLead(a: readonly Message[], b: readonly Message[]): boolean {
  return a.length === b.length && sharedButSpace(a, b) === a.length;
}

/** True where `answer` is longer than `start` and begins with it, blanks at the ends of messages aside. */
function begins(answer: readonly Message[], start: readonly Message[]): boolean {
  return answer.length > start.length && sharedButSpace(start, answer) === start.length;
}

function asks(message: Message | undefined): boolean {
  return message !== undefined && ASKING.has(message.role);
}

function checkAnswer(answer: readonly Message[], key: string, place: Place): void {
  const last = answer.at(-1);
  if (last === undefined || saysNothing(last)) throw emptyAnswer(key, place);
  const [where, message] = asks(answer[0]) ? ['begins', answer[0]] : ['ends', last];
  if (!asks(message)) return;
  throw rowError(
    'data.not-an-answer',
    place,
    `"${key}" ${where} with a turn of "${message?.role}", which is no answer of the assistant.`,
    { key, role: message?.role },
    where === 'ends'
      ? "End each conversation with the assistant's answer that was compared."
      : 'Give what is asked in the prompt, and in the answers what the assistant says.',
  );
}

function promptsDiffer(key: string, place: Place) {
  return rowError(
    'data.prompts-differ',
    place,
    `"prompt" and the conversation in "${key}" begin differently, so it cannot be told what was asked.`,
    { key },
    'Give the prompt once: leave the column out where the conversations are whole, or cut the conversations to the answers.',
  );
}

/** The words of three or more, or the length, from which a repeated prompt is no accident. */
const [WORDS, CHARACTERS] = [3, 16];

/**
 * Cuts a plain prompt off the head of answers that all repeat it. A prompt of a word or two may well begin an answer to
 * itself, so it is left; so is one that goes on within a word, or that leaves nothing.
 */
export function cutRepeatedText(prompt: string, answers: readonly string[], place: Place): readonly string[] {
  if (prompt.length < CHARACTERS && prompt.trim().split(/\s+/).length < WORDS) return answers;
  const repeat = answers.every(
    (answer) => answer.startsWith(prompt) && answer.slice(prompt.length).trim() !== '' && !cutsWord(prompt, answer),
  );
  if (!repeat) return answers;
  place.notes?.mend('prompt-repeated', place.row);
  // However often: what is read once more must stay as it is.
  return cutRepeatedText(
    prompt,
    answers.map((answer) => answer.slice(prompt.length)),
    place,
  );
}

function cutsWord(prompt: string, answer: string): boolean {
  return /[\p{L}\p{N}\p{M}]$/u.test(prompt) && /^[\p{L}\p{N}\p{M}]/u.test(answer.slice(prompt.length));
}
