import { boundedJson } from '../rows/bounded-json.js';
import { emptyAnswer } from '../rows/messages.js';
import { type FileRecord, parseTools } from '../rows/parse-values.js';
import { type Place, rowError } from '../rows/place.js';
import { asTurn, holds, listOf, objectOf, type Shape } from './_shape.js';

/** A shape with the prompt, the chosen and the rejected answer under one key each. */
function shapeOfKeys(
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

/** Instruction and input as one prompt: joined by a blank line in plain text, by a line end in a conversation. */
export function instructionOf(row: FileRecord): unknown {
  const { instruction, input } = row;
  const separator = 'system' in row || 'history' in row ? '\n' : '\n\n';
  return typeof instruction === 'string' && typeof input === 'string' && input !== ''
    ? `${instruction}${separator}${input}`
    : instruction;
}

/** True when both answers are conversations that begin with the question. */
function areWholeConversations(row: FileRecord): boolean {
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
        chosen: singleAnswer(row, 'preferred_output', place),
        rejected: singleAnswer(row, 'non_preferred_output', place),
        tools: parseTools(tools, 'input.tools', place),
        ...(parallel === undefined || parallel === null
          ? {}
          : { chat_template_kwargs: { parallel_tool_calls: parallel } }),
      },
    ];
  },
};

/** The turns of one answer. Between two turns of the assistant there must be other turns: calls of tools and their results. */
function singleAnswer(row: FileRecord, key: string, place: Place): readonly unknown[] {
  const messages = listOf(row[key], key, place, 'a list of messages');
  if (messages.length === 0) throw emptyAnswer(key, place);
  const roles = messages.map((message) => (isMessage(message) ? message.role : undefined));
  const second = roles.findIndex((role, i) => role === 'assistant' && roles[i - 1] === 'assistant');
  if (second < 0) return withArguments(messages);
  throw rowError(
    'data.several-answers',
    place,
    `"${key}[${second}]" is a turn of the assistant right after another turn of the assistant: the row has several answers.`,
    { key, roles },
    'Write one row for each pair of answers.',
  );
}

function isMessage(value: unknown): value is { readonly role?: unknown } {
  return typeof value === 'object' && value !== null;
}

/** The messages with the arguments of calls as objects, which chat templates expect. OpenAI writes them as JSON text. */
function withArguments(messages: readonly unknown[]): readonly unknown[] {
  return messages.map((message) => {
    if (typeof message !== 'object' || message === null || !('tool_calls' in message)) return message;
    if (!Array.isArray(message.tool_calls)) return message;
    return { ...message, tool_calls: message.tool_calls.map(withArgumentsOf) };
  });
}

function withArgumentsOf(call: unknown): unknown {
  if (typeof call !== 'object' || call === null || !('function' in call)) return call;
  const { function: target } = call;
  if (typeof target !== 'object' || target === null || !('arguments' in target)) return call;
  if (typeof target.arguments !== 'string') return call;
  try {
    const input: unknown = boundedJson(target.arguments);
    return typeof input === 'object' && input !== null ? { ...call, function: { ...target, arguments: input } } : call;
  } catch {
    return call;
  }
}

/** Shapes with the prompt under a key of its own, beside `chosen` and `rejected`. */
const PROMPTS: readonly Shape[] = [
  shapeOfKeys(
    'sharegpt',
    'conversations of {from, value}, chosen and rejected as one turn or a list (ShareGPT)',
    ['conversations', 'chosen', 'rejected'],
    { pairs: (row, place) => [turns(row, 'conversations', place)] },
  ),
  shapeOfKeys('messages', 'messages, chosen and rejected as one message each', ['messages', 'chosen', 'rejected'], {
    matches: (row) => !areWholeConversations(row),
    pairs: (row, place) => [turns(row, 'messages', place)],
  }),
  shapeOfKeys('orca', 'system, question, chosen, rejected (Orca)', ['question', 'chosen', 'rejected']),
  shapeOfKeys(
    'alpaca',
    'instruction, input, system, history, chosen, rejected (LLaMA-Factory, distilabel)',
    ['instruction', 'chosen', 'rejected'],
    { also: ['input'], pairs: (row) => [{ prompt: instructionOf(row), chosen: row.chosen, rejected: row.rejected }] },
  ),
  shapeOfKeys('input', 'system, input, chosen, rejected', ['input', 'chosen', 'rejected'], {
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

/** Shapes of which a row may have several at once. A row whose prompts then differ is refused. */
export const promptShapes = PROMPTS;

/** Shapes of one pair to a row. */
export const pairShapes: readonly Shape[] = [
  OPENAI,
  shapeOfKeys(
    'pair',
    'prompt, chosen, rejected (optional: score_chosen and score_rejected)',
    ['prompt', 'chosen', 'rejected'],
    { pairs: (row) => [row] },
  ),
  ...PROMPTS,
  shapeOfKeys('conversations', 'chosen and rejected as whole conversations', ['chosen', 'rejected', 'chosen'], {
    keys: ['chosen', 'rejected'],
    matches: (row) => typeof row.chosen !== 'string' && typeof row.rejected !== 'string',
    pairs: (row) => [row],
  }),
  shapeOfKeys('responses', 'question, response_j (the better one), response_k', [
    'question',
    'response_j',
    'response_k',
  ]),
  shapeOfKeys(
    'argilla',
    'instruction, chosen_response, rejected_response',
    ['instruction', 'chosen_response', 'rejected_response'],
    {
      also: ['input'],
      pairs: (row) => [{ prompt: instructionOf(row), chosen: row.chosen_response, rejected: row.rejected_response }],
    },
  ),
  shapeOfKeys('prompt-responses', 'prompt, chosen_response, rejected_response', [
    'prompt',
    'chosen_response',
    'rejected_response',
  ]),
];
