import { DpoError, type Message, type TemplateInputs, type Text, type Tokenizer } from '@dpo/base';
import { isChat, templateVariables } from '../rows/conversation.js';
import type { EncodeOptions } from './encode-options.js';
import type { EncodedTexts, RowText } from './example-kind.js';

/** The tokens of a prompt or an answer, and the number of tokens that were cut. */
export interface Piece {
  readonly tokens: Int32Array;
  readonly cut: number;
}

/** A row's answers by the keys that they have in the row. */
type Answers = readonly (readonly [key: string, answer: Text])[];

/**
 * The texts of a row: the prompt's text, and then each answer's text, which follows the prompt's. The chat template writes the
 * texts of a conversation.
 * @throws DpoError `data.no-chat-template`, `data.mixed-row`, and the errors of the template with the row's number
 */
export function textsOf(
  row: TemplateInputs & { readonly prompt: Text },
  answers: Answers,
  tokenizer: Tokenizer,
  number: number,
): RowText[] {
  const { prompt } = row;
  const variables = templateVariables(row);
  const before = isChat(prompt)
    ? atRow(number, 'prompt', () => chatTemplate(tokenizer, number).prompt(prompt, variables))
    : prompt;
  const after = !isChat(prompt) && tokenizer.answersApart === true ? undefined : before;
  const texts: RowText[] = [{ key: 'prompt', text: before }];
  for (const [key, answer] of answers) {
    const text = isChat(prompt)
      ? atRow(number, key, () => chatTemplate(tokenizer, number).answer(prompt, asMessages(answer), variables))
      : asPlain(answer, number);
    texts.push({ key, text, after });
  }
  return texts;
}

/** A text's tokens. @throws DpoError the errors of the tokenizer, with the row's number */
export function encodeNow({ key, text, after }: RowText, tokenizer: Tokenizer, row: number): Int32Array {
  const ids = atRow(row, key, () =>
    after === undefined ? tokenizer.encode(text) : tokenizer.encodeAfter(after, text),
  );
  return ids instanceof Int32Array ? ids : Int32Array.from(ids);
}

/**
 * A prompt from the tokens of its text. A plain prompt gets BOS. A prompt longer than `maxPromptLength` is cut at its beginning.
 * @throws DpoError `data.empty-prompt`, `data.token-without-row`
 */
export function promptPiece(prompt: Text, input: EncodedTexts, row: number): Piece & { readonly text: string } {
  const { tokenizer, options } = input;
  const { text, tokens } = textAt(input, 0);
  const whole = withRows(isChat(prompt) ? tokens : withBos(tokens, tokenizer.bosPrefix), tokenizer, row, 'prompt');
  const cut = Math.max(0, whole.length - (options.maxPromptLength ?? whole.length));
  if (whole.length === 0) {
    throw new DpoError('data.empty-prompt', 'The prompt has no tokens.', {
      values: { row },
      hint: "The prompt's last token predicts the answer's first token, and this tokenizer adds no token to an empty prompt.",
    });
  }
  return { tokens: cut === 0 ? whole : whole.slice(cut), cut, text };
}

/**
 * A whole answer to a prompt, from the row's text with this index. A plain answer gets EOS.
 * @throws DpoError `data.empty-answer`, `data.token-without-row`
 */
export function wholeAnswer(prompt: Text, input: EncodedTexts, index: number, row: number): Int32Array {
  const { tokenizer, options } = input;
  const { key, tokens: ids } = textAt(input, index);
  const tokens = withRows(ids, tokenizer, row, key);
  if (tokens.length === 0) {
    throw new DpoError('data.empty-answer', `The ${key} answer has no tokens.`, { values: { row, key } });
  }
  const eos = options.eos === false ? undefined : tokenizer.eosTokenId;
  if (isChat(prompt) || eos === undefined || isEnd(tokens.at(-1), tokenizer)) return tokens;
  return withRows(concat(tokens, Int32Array.of(eos)), tokenizer, row, key);
}

/** The answer from the row's text with this index, cut so that it fits into `maxLength` behind a prompt of `length` tokens. */
export function answerPiece(prompt: Text, length: number, input: EncodedTexts, index: number, row: number): Piece {
  const { key } = textAt(input, index);
  return cutAnswer(wholeAnswer(prompt, input, index, row), length, input.options, row, key);
}

function textAt({ texts, tokens }: EncodedTexts, index: number): RowText & { readonly tokens: Int32Array } {
  const [text, ids] = [texts[index], tokens[index]];
  if (text === undefined || ids === undefined)
    throw new RangeError(
      `There is no text ${index}: the row has ${texts.length} texts, of which ${tokens.length} have tokens.`,
    );
  return { key: text.key, text: text.text, after: text.after, tokens: ids };
}

/** True for an end token. */
function isEnd(id: number | undefined, { eosTokenId, endTokenIds = [] }: Tokenizer): boolean {
  return id !== undefined && (id === eosTokenId || endTokenIds.includes(id));
}

/** The tokens, checked to have rows in the model's embedding. @throws DpoError `data.token-without-row` */
function withRows(tokens: Int32Array, tokenizer: Tokenizer, row: number, key: string): Int32Array {
  const { embeddingRows } = tokenizer;
  if (embeddingRows === undefined) return tokens;
  const id = tokens.find((token) => token >= embeddingRows);
  if (id === undefined) return tokens;
  const token = tokenizer.decode?.([id]) ?? '';
  throw new DpoError(
    'data.token-without-row',
    `${key}: the token ${JSON.stringify(token)} has the id ${id}, and the model's embedding only ${embeddingRows} rows.`,
    {
      values: { row, key, token, id, embeddingRows },
      hint: 'The model never learned this token. Write the text without the token, or leave the row out.',
    },
  );
}

/** Adds the row and the key to an error of the tokenizer or its template. The row's place comes before the message later. */
function atRow<T>(row: number, key: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!DpoError.is(error) || !error.code.startsWith('tokenizer.')) throw error;
    const { code, message, values, hint } = error;
    throw new DpoError(code, `${key}: ${message}`, {
      values: { ...values, row, key },
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

/** Cuts an answer so that it fits into `maxLength` behind a prompt of `prompt` tokens. @throws DpoError `data.answer-cut-away` */
export function cutAnswer(tokens: Int32Array, prompt: number, options: EncodeOptions, row: number, key: string): Piece {
  const { maxLength } = options;
  if (maxLength === undefined || prompt + tokens.length <= maxLength) return { tokens, cut: 0 };
  const room = maxLength - prompt;
  if (room < 1) {
    throw new DpoError(
      'data.answer-cut-away',
      `the prompt's ${prompt} tokens leave no room for the ${key} answer within maxLength ${maxLength}.`,
      {
        values: { row, key, promptTokens: prompt, maxLength, maxPromptLength: options.maxPromptLength },
        hint: 'Raise maxLength, or set maxPromptLength well below it.',
      },
    );
  }
  return { tokens: tokens.slice(0, room), cut: tokens.length - room };
}

function chatTemplate(tokenizer: Tokenizer, row: number): NonNullable<Tokenizer['chat']> {
  if (tokenizer.chat !== undefined) return tokenizer.chat;
  throw new DpoError('data.no-chat-template', 'The row is a conversation, and the tokenizer has no chat template.', {
    values: { row },
    hint: 'Use a model whose tokenizer has a chat template, or give prompt and answers as plain text.',
  });
}

function asMessages(answer: Text): readonly Message[] {
  return isChat(answer) ? answer : [{ role: 'assistant', content: answer }];
}

function asPlain(answer: Text, row: number): string {
  if (!isChat(answer)) return answer;
  throw new DpoError('data.mixed-row', 'The prompt is plain text and the answer a conversation.', {
    values: { row },
  });
}

function withBos(tokens: Int32Array, bos: readonly number[]): Int32Array {
  if (bos.length === 0 || bos.every((id, i) => tokens[i] === id)) return tokens;
  return concat(Int32Array.from(bos), tokens);
}

function concat(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
