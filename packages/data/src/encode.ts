import { DpoError } from '@dpo/base';
import { isChat } from './conversation.js';
import type { Message, PreferencePair, PromptGroup, Text, TextEncoder_ } from './types.js';

/** Where to cut what is too long, in tokens. Without a limit nothing is cut. */
export interface EncodeOptions {
  /** Most tokens of prompt and answer together; what is over is cut from the answer's end, and then no EOS follows. */
  readonly maxLength?: number | undefined;
  /** Most tokens of the prompt; what is over is cut from its beginning. */
  readonly maxPromptLength?: number | undefined;
  /** False appends no EOS to answers, for texts that were cut off. Default true. */
  readonly eos?: boolean | undefined;
}

/** A preference pair in tokens. */
export interface EncodedPair {
  /** Its row in the dataset. */
  readonly row: number;
  readonly prompt: Int32Array;
  readonly chosen: Int32Array;
  readonly rejected: Int32Array;
  /** How many tokens were cut from each, an EOS that no longer fits included. */
  readonly cut: { readonly prompt: number; readonly chosen: number; readonly rejected: number };
}

/** A prompt in tokens, for generation. */
export interface EncodedPrompt {
  readonly row: number;
  readonly tokens: Int32Array;
  /** How many tokens were cut from its beginning. */
  readonly cut: number;
}

/** What encoding a dataset cut off. */
export interface CutSummary {
  readonly pairs: number;
  readonly truncatedPrompts: number;
  /** Answers, chosen or rejected. */
  readonly truncatedAnswers: number;
  /** Pairs in which the prompt or an answer was cut. */
  readonly truncatedPairs: number;
  readonly promptTokensCut: number;
  readonly answerTokensCut: number;
}

/**
 * Turns pairs into tokens exactly as generation will see them.
 *
 * Prompt and answers are encoded separately. A plain prompt gets the tokenizer's `bosPrefix`, unless it begins with it
 * already; a plain answer gets EOS at its end, unless it ends in EOS already or was cut. Conversations are encoded as
 * the chat template writes them, special tokens and all: nothing is added.
 *
 * Errors name the row: `data.answer-cut-away` (the prompt leaves no room for the answer), `data.empty-answer` and
 * `data.empty-prompt` (no tokens), `data.no-chat-template`; `options.invalid` for a limit that is no positive integer.
 */
export function encodePairs(
  dataset: Iterable<PreferencePair>,
  tokenizer: TextEncoder_,
  options: EncodeOptions = {},
): EncodedPair[] {
  checkLimits(options);
  const pairs: EncodedPair[] = [];
  for (const pair of dataset) {
    const row = pairs.length;
    const prompt = encodePrompt(pair.prompt, tokenizer, options, row);
    const answer = (key: 'chosen' | 'rejected') => {
      const full = encodeAnswer(pair.prompt, pair[key], tokenizer, options, row, key);
      return cutAnswer(full, prompt.tokens.length, options, row, key);
    };
    const chosen = answer('chosen');
    const rejected = answer('rejected');
    pairs.push({
      row,
      prompt: prompt.tokens,
      chosen: chosen.tokens,
      rejected: rejected.tokens,
      cut: { prompt: prompt.cut, chosen: chosen.cut, rejected: rejected.cut },
    });
  }
  return pairs;
}

/** Turns prompts into tokens for generation, exactly as {@link encodePairs} does; `maxLength` has no effect. */
export function encodePrompts(
  prompts: Iterable<Text>,
  tokenizer: TextEncoder_,
  options: EncodeOptions = {},
): EncodedPrompt[] {
  checkLimits(options);
  const encoded: EncodedPrompt[] = [];
  for (const prompt of prompts) {
    const row = encoded.length;
    encoded.push({ row, ...encodePrompt(prompt, tokenizer, options, row) });
  }
  return encoded;
}

/** Counts what was cut, to be reported. */
export function cutSummary(pairs: readonly EncodedPair[]): CutSummary {
  const count = (holds: (cut: EncodedPair['cut']) => boolean) => pairs.filter(({ cut }) => holds(cut)).length;
  const total = (of: (cut: EncodedPair['cut']) => number) => pairs.reduce((sum, { cut }) => sum + of(cut), 0);
  return {
    pairs: pairs.length,
    truncatedPrompts: count((cut) => cut.prompt > 0),
    truncatedAnswers: count((cut) => cut.chosen > 0) + count((cut) => cut.rejected > 0),
    truncatedPairs: count((cut) => cut.prompt + cut.chosen + cut.rejected > 0),
    promptTokensCut: total((cut) => cut.prompt),
    answerTokensCut: total((cut) => cut.chosen + cut.rejected),
  };
}

/** A pair as a group of two answers, chosen first, for packing. */
export function pairGroup(pair: EncodedPair): PromptGroup {
  return { prompt: pair.prompt, answers: [pair.chosen, pair.rejected] };
}

interface Piece {
  readonly tokens: Int32Array;
  readonly cut: number;
}

function encodePrompt(prompt: Text, tokenizer: TextEncoder_, options: EncodeOptions, row: number): Piece {
  const whole = isChat(prompt)
    ? toTokens(tokenizer.encode(chatTemplate(tokenizer, row).prompt(prompt)))
    : withBos(toTokens(tokenizer.encode(prompt)), tokenizer.bosPrefix);
  const cut = Math.max(0, whole.length - (options.maxPromptLength ?? whole.length));
  if (whole.length === 0) {
    throw new DpoError('data.empty-prompt', `The prompt of row ${row} has no tokens.`, {
      values: { row },
      hint: "The prompt's last token predicts the answer's first one; this tokenizer begins a prompt with nothing of its own.",
    });
  }
  return { tokens: cut === 0 ? whole : whole.slice(cut), cut };
}

function encodeAnswer(
  prompt: Text,
  answer: Text,
  tokenizer: TextEncoder_,
  options: EncodeOptions,
  row: number,
  key: string,
): Int32Array {
  const tokens = isChat(prompt)
    ? toTokens(tokenizer.encode(chatTemplate(tokenizer, row).answer(prompt, asMessages(answer))))
    : toTokens(tokenizer.encode(asPlain(answer, row)));
  if (tokens.length === 0) {
    throw new DpoError('data.empty-answer', `The ${key} answer of row ${row} has no tokens.`, { values: { row, key } });
  }
  const eos = options.eos === false ? undefined : tokenizer.eosTokenId;
  if (isChat(prompt) || eos === undefined || tokens[tokens.length - 1] === eos) return tokens;
  return concat(tokens, Int32Array.of(eos));
}

function cutAnswer(tokens: Int32Array, prompt: number, options: EncodeOptions, row: number, key: string): Piece {
  const { maxLength } = options;
  if (maxLength === undefined || prompt + tokens.length <= maxLength) return { tokens, cut: 0 };
  const room = maxLength - prompt;
  if (room < 1) {
    throw new DpoError(
      'data.answer-cut-away',
      `Row ${row}: the prompt's ${prompt} tokens leave nothing of the ${key} answer within maxLength ${maxLength}.`,
      {
        values: { row, key, promptTokens: prompt, maxLength, maxPromptLength: options.maxPromptLength },
        hint: 'Raise maxLength, or set maxPromptLength well below it.',
      },
    );
  }
  return { tokens: tokens.slice(0, room), cut: tokens.length - room };
}

function chatTemplate(tokenizer: TextEncoder_, row: number): NonNullable<TextEncoder_['chat']> {
  if (tokenizer.chat !== undefined) return tokenizer.chat;
  throw new DpoError('data.no-chat-template', `Row ${row} is a conversation, and the tokenizer has no chat template.`, {
    values: { row },
    hint: 'Use a model whose tokenizer has a chat template, or give prompt and answers as plain text.',
  });
}

function asMessages(answer: Text): readonly Message[] {
  return isChat(answer) ? answer : [{ role: 'assistant', content: answer }];
}

function asPlain(answer: Text, row: number): string {
  if (!isChat(answer)) return answer;
  throw new DpoError('data.mixed-row', `Row ${row}: the prompt is plain text and the answer a conversation.`, {
    values: { row },
  });
}

function withBos(tokens: Int32Array, bos: readonly number[]): Int32Array {
  if (bos.length === 0 || bos.every((id, i) => tokens[i] === id)) return tokens;
  return concat(Int32Array.from(bos), tokens);
}

function concat(a: Int32Array, b: Int32Array): Int32Array {
  const joined = new Int32Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function toTokens(ids: Int32Array | number[]): Int32Array {
  return ids instanceof Int32Array ? ids : Int32Array.from(ids);
}

function checkLimits(options: EncodeOptions): void {
  for (const name of ['maxLength', 'maxPromptLength'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue;
    throw new DpoError('options.invalid', `${name} must be a positive integer, not ${value}.`, {
      values: { [name]: value },
    });
  }
}
