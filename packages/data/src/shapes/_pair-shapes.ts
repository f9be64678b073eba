import { boundedJson } from '../rows/bounded-json.js';
import { emptyAnswer } from '../rows/messages.js';
import { type FileRecord, parseTools } from '../rows/parse-values.js';
import { type Place, rowError } from '../rows/place.js';
import { asTurn, holds, listOf, objectOf, type Shape } from './_shape.js';

/** One prompt under one key, with the answers under others. */
function named(
  name: string,
  description: string,
  [prompt, chosen, rejected]: readonly [string, string, string],
  others: Partial<Shape> = {},
): Shape {
  return {
    name,
    description,
    keys: [prompt, chosen, rejected],
    pairs: (row) => [{ prompt: row[prompt], chosen: row[chosen], rejected: row[rejected] }],
    ...others,
  };
}

/** Instruction and input, as instruction-tuned models are shown them: a blank line between, in a conversation a line end. */
export function instructionOf(row: FileRecord): unknown {
  const { instruction, input } = row;
  const between = 'system' in row || 'history' in row ? '\n' : '\n\n';
  return typeof instruction === 'string' && typeof input === 'string' && input !== ''
    ? `${instruction}${between}${input}`
    : instruction;
}

/** True where both answers are conversations that begin with what was asked. */
function areWhole(row: FileRecord): boolean {
  return [row.chosen, row.rejected].every((answer) => {
    const first: unknown = Array.isArray(answer) && answer.length > 1 ? answer[0] : undefined;
    if (typeof first !== 'object' || first === null) return false;
    const role = 'role' in first ? first.role : 'from' in first ? first.from : undefined;
    return ['user', 'human', 'system', 'prompter'].includes(String(role).toLowerCase());
  });
}

const OPENAI: Shape = {
  name: 'openai',
  description:
    'input {messages, tools, parallel_tool_calls}, preferred_output, non_preferred_output (OpenAI preference fine-tuning)',
  keys: ['input', 'preferred_output', 'non_preferred_output'],
  pairs(row, place) {
    const { messages, tools, parallel_tool_calls: parallel, ...others } = objectOf(row.input, 'input', place);
    for (const key of Object.keys(others)) if (holds(others, key)) place.notes?.aside(`input.${key}`);
    return [
      {
        prompt: withArguments(listOf(messages, 'input.messages', place, 'a list of messages')),
        chosen: oneAnswer(row, 'preferred_output', place),
        rejected: oneAnswer(row, 'non_preferred_output', place),
        tools: parseTools(tools, 'input.tools', place),
        ...(parallel === undefined || parallel === null
          ? {}
          : { chat_template_kwargs: { parallel_tool_calls: parallel } }),
      },
    ];
  },
};

/** The turns of one answer: calls and what tools say to them may lie between two turns of the assistant, never nothing. */
function oneAnswer(row: FileRecord, key: string, place: Place): readonly unknown[] {
  const messages = listOf(row[key], key, place, 'a list of messages');
  if (messages.length === 0) throw emptyAnswer(key, place);
  const roles = messages.map((message) => (isMessage(message) ? message.role : undefined));
  const second = roles.findIndex((role, i) => role === 'assistant' && roles[i - 1] === 'assistant');
  if (second < 0) return withArguments(messages);
  throw rowError(
    'data.several-answers',
    place,
    `"${key}[${second}]" is a turn of the assistant right after another one: the row has several answers.`,
    { key, roles },
    'Write a row for each pair of answers.',
  );
}

function isMessage(value: unknown): value is { readonly role?: unknown } {
  return typeof value === 'object' && value !== null;
}

/** OpenAI writes a call's arguments as JSON text, chat templates expect the object. */
function withArguments(messages: readonly unknown[]): readonly unknown[] {
  return messages.map((message) => {
    if (typeof message !== 'object' || message === null || !('tool_calls' in message)) return message;
    if (!Array.isArray(message.tool_calls)) return message;
    return { ...message, tool_calls: message.tool_calls.map(withArgumentsOf) };
  });
}

function withArgumentsOf(call: unknown): unknown {
  if (typeof call !== 'object' || call === null || !('function' in call)) return call;
  const { function: called } = call;
  if (typeof called !== 'object' || called === null || !('arguments' in called)) return call;
  if (typeof called.arguments !== 'string') return call;
  try {
    const given: unknown = boundedJson(called.arguments);
    return typeof given === 'object' && given !== null ? { ...call, function: { ...called, arguments: given } } : call;
  } catch {
    return call;
  }
}

/** The prompt under a key of its own, `chosen` and `rejected` beside it. */
const PROMPTS: readonly Shape[] = [
  named(
    'sharegpt',
    'conversations of {from, value}, chosen and rejected as one turn or a list (ShareGPT)',
    ['conversations', 'chosen', 'rejected'],
    { pairs: (row, place) => [turns(row, 'conversations', place)] },
  ),
  named('messages', 'messages, chosen and rejected as one message each', ['messages', 'chosen', 'rejected'], {
    matches: (row) => !areWhole(row),
    pairs: (row, place) => [turns(row, 'messages', place)],
  }),
  named('orca', 'system, question, chosen, rejected (Orca)', ['question', 'chosen', 'rejected']),
  named(
    'alpaca',
    'instruction, input, system, history, chosen, rejected (LLaMA-Factory, distilabel)',
    ['instruction', 'chosen', 'rejected'],
    { also: ['input'], pairs: (row) => [{ prompt: instructionOf(row), chosen: row.chosen, rejected: row.rejected }] },
  ),
  named('input', 'system, input, chosen, rejected', ['input', 'chosen', 'rejected'], {
    matches: (row) => typeof row.input === 'string' && !holds(row, 'instruction'),
  }),
];

function turns(row: FileRecord, key: string, place: Place): FileRecord {
  const { chosen, rejected } = row;
  return {
    prompt: row[key],
    chosen: asTurn(chosen, 'chosen', place),
    rejected: asTurn(rejected, 'rejected', place),
  };
}

/** Shapes whose prompt may stand beside another: two that say different things are refused. */
export const promptShapes = PROMPTS;

/** Shapes of one pair to a row. */
export const pairShapes: readonly Shape[] = [
  OPENAI,
  named(
    'pair',
    'prompt, chosen, rejected (with score_chosen and score_rejected where there are scores)',
    ['prompt', 'chosen', 'rejected'],
    { pairs: (row) => [row] },
  ),
  ...PROMPTS,
  named('conversations', 'chosen and rejected as whole conversations', ['chosen', 'rejected', 'chosen'], {
    keys: ['chosen', 'rejected'],
    matches: (row) => typeof row.chosen !== 'string' && typeof row.rejected !== 'string',
    pairs: (row) => [row],
  }),
  named('responses', 'question, response_j (the better one), response_k', ['question', 'response_j', 'response_k']),
  named(
    'argilla',
    'instruction, chosen_response, rejected_response',
    ['instruction', 'chosen_response', 'rejected_response'],
    {
      also: ['input'],
      pairs: (row) => [{ prompt: instructionOf(row), chosen: row.chosen_response, rejected: row.rejected_response }],
    },
  ),
  named('prompt-responses', 'prompt, chosen_response, rejected_response', [
    'prompt',
    'chosen_response',
    'rejected_response',
  ]),
];
