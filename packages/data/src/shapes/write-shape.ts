import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { DpoError, Json, Message, Text } from '@dpo/base';
import { isChat } from '../rows/conversation.js';
import { emptyDataset } from '../rows/dataset.js';
import { type Place, rowError } from '../rows/place.js';
import type { RowSource } from '../rows/row-source.js';
import type { PreferencePair } from '../rows/types.js';

/** A shape that pairs can be written in. */
export interface WritableShape {
  /** The row in this shape. @throws DpoError `data.not-for-shape` when the shape has no place for part of the pair */
  row(pair: PreferencePair, place: Place): Readonly<Record<string, Json>>;
  /** The properties of a pair that the shape has room for. The others are left out, and their names returned. */
  readonly holds: ReadonlySet<string>;
}

/** Shapes of other programs, by name. */
export const writableShapes = {
  /** OpenAI's preference fine-tuning: `input`, `preferred_output`, `non_preferred_output`. */
  openai: { row: openai, holds: new Set(['prompt', 'chosen', 'rejected', 'tools', 'templateVariables']) },
  /** ShareGPT's, as LLaMA-Factory reads it: `conversations`, `chosen`, `rejected`, `system`, `tools`. */
  sharegpt: { row: sharegpt, holds: new Set(['prompt', 'chosen', 'rejected', 'tools']) },
  /** Alpaca's, as LLaMA-Factory reads it: `instruction`, `input`, `chosen`, `rejected`, `system`, `history`. */
  alpaca: { row: alpaca, holds: new Set(['prompt', 'chosen', 'rejected']) },
} as const satisfies Readonly<Record<string, WritableShape>>;

/** The name of a shape that pairs can be written in. */
export type ShapeName = keyof typeof writableShapes;

/**
 * Writes pairs as JSON lines in another program's shape, compressed by gzip when `zipped`. Returns the number of rows, and the
 * properties of pairs that the shape has no room for.
 * @throws DpoError `data.not-for-shape`, `data.empty-dataset`
 */
export async function writeShape(
  name: ShapeName,
  source: RowSource<PreferencePair>,
  file: string,
  zipped: boolean,
): Promise<{ readonly rows: number; readonly leftOut: readonly string[] }> {
  const shape: WritableShape = writableShapes[name];
  const leftOut = new Set<string>();
  let rows = 0;
  async function* text() {
    for await (const chunk of source.chunks()) {
      const lines = chunk.map((pair) => {
        for (const key of Object.keys(pair)) if (!shape.holds.has(key)) leftOut.add(key);
        return `${JSON.stringify(shape.row(pair, { row: rows++, path: source.path }))}\n`;
      });
      yield lines.join('');
    }
  }
  const out = createWriteStream(file);
  const lines = Readable.from(text());
  await (zipped ? pipeline(lines, createGzip(), out) : pipeline(lines, out));
  if (rows === 0) throw emptyDataset(source.path);
  return { rows, leftOut: [...leftOut].sort() };
}

function openai(pair: PreferencePair, place: Place): Readonly<Record<string, Json>> {
  const { parallel_tool_calls: parallel, ...others } = pair.templateVariables ?? {};
  const [variable] = Object.keys(others);
  if (variable !== undefined)
    throw notFor('openai', `chat_template_kwargs.${variable}`, 'has no template variables', place);
  const input: Record<string, Json> = { messages: turns(pair.prompt, 'user').map(withArgumentText) };
  if (pair.tools !== undefined) input.tools = pair.tools;
  if (parallel !== undefined) input.parallel_tool_calls = parallel;
  const output = (key: 'chosen' | 'rejected') => [withArgumentText(oneTurn('openai', pair, key, place))];
  return { input, preferred_output: output('chosen'), non_preferred_output: output('rejected') };
}

/** The message with the arguments of its calls as JSON text, as OpenAI has them. */
function withArgumentText(message: Message): Json {
  const { tool_calls: calls } = message;
  if (!Array.isArray(calls)) return message;
  return { ...message, tool_calls: calls.map(withArgumentTextOf) };
}

function withArgumentTextOf(call: Json): Json {
  if (!isObject(call) || !isObject(call.function)) return call;
  const { arguments: input } = call.function;
  if (input === undefined || typeof input === 'string') return call;
  return { ...call, function: { ...call.function, arguments: JSON.stringify(input) } };
}

const SPEAKERS: Readonly<Record<string, string>> = { user: 'human', assistant: 'gpt', tool: 'observation' };

function sharegpt(pair: PreferencePair, place: Place): Readonly<Record<string, Json>> {
  const [first, ...rest] = turns(pair.prompt, 'user');
  const system = first?.role === 'system' ? textOf('sharegpt', first, 'prompt[0]', place) : undefined;
  const conversation = system === undefined && first !== undefined ? [first, ...rest] : rest;
  const start = system === undefined ? 0 : 1;
  const turn = (message: Message, key: string): Json => ({
    from: SPEAKERS[message.role] ?? message.role,
    value: textOf('sharegpt', message, key, place),
  });
  return {
    conversations: conversation.map((message, i) => turn(message, `prompt[${start + i}]`)),
    chosen: turn(oneTurn('sharegpt', pair, 'chosen', place), 'chosen'),
    rejected: turn(oneTurn('sharegpt', pair, 'rejected', place), 'rejected'),
    ...(system === undefined ? {} : { system }),
    ...(pair.tools === undefined ? {} : { tools: JSON.stringify(pair.tools) }),
  };
}

function alpaca(pair: PreferencePair, place: Place): Readonly<Record<string, Json>> {
  const answer = (key: 'chosen' | 'rejected') => textOf('alpaca', oneTurn('alpaca', pair, key, place), key, place);
  const answers = { chosen: answer('chosen'), rejected: answer('rejected') };
  if (!isChat(pair.prompt)) return { instruction: pair.prompt, input: '', ...answers };
  const [first, ...rest] = pair.prompt;
  const system = first?.role === 'system' ? textOf('alpaca', first, 'prompt[0]', place) : '';
  const conversation = first?.role === 'system' ? rest : pair.prompt;
  const start = pair.prompt.length - conversation.length;
  const texts = conversation.map((message, i) => {
    const key = `prompt[${start + i}]`;
    if (message.role === (i % 2 === 0 ? 'user' : 'assistant')) return textOf('alpaca', message, key, place);
    throw notFor('alpaca', key, 'has only alternating turns of user and assistant', place);
  });
  if (texts.length % 2 === 0) throw notFor('alpaca', 'prompt', "ends its prompts in the user's turn", place);
  const history = Array.from({ length: (texts.length - 1) / 2 }, (_, i) => texts.slice(2 * i, 2 * i + 2));
  // Every row has the columns system and history, so that reading it again gives a conversation.
  return { instruction: texts.at(-1) ?? '', input: '', ...answers, system, history };
}

function turns(text: Text, role: string): readonly Message[] {
  return isChat(text) ? text : [{ role, content: text }];
}

/** The answer as one turn of the assistant: these shapes have no other answers. */
function oneTurn(shape: ShapeName, pair: PreferencePair, key: 'chosen' | 'rejected', place: Place): Message {
  const [message, ...more] = turns(pair[key], 'assistant');
  if (message?.role === 'assistant' && more.length === 0) return message;
  throw notFor(shape, key, 'has one turn of the assistant as an answer', place);
}

/** The words of a message without other keys. */
function textOf(shape: ShapeName, { role: _, content, ...others }: Message, key: string, place: Place): string {
  const [other] = Object.keys(others);
  if (other !== undefined) throw notFor(shape, `${key}.${other}`, 'has messages of words alone', place);
  if (typeof content === 'string') return content;
  throw notFor(shape, `${key}.content`, 'has messages of one text', place);
}

function notFor(shape: ShapeName, key: string, why: string, place: Place): DpoError {
  return rowError(
    'data.not-for-shape',
    place,
    `the shape "${shape}" ${why}, so "${key}" has no place in it.`,
    { shape, key },
    'Write the file without --shape, or leave the row out, or change the row.',
  );
}

function isObject(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
