import { DpoError, type Message, type TemplateVariables, type Text, type Tokenizer } from '@dpo/base';
import { isChat } from '../rows/conversation.js';

/** Where to cut what is too long, in tokens. Without a limit nothing is cut. */
export interface EncodeOptions {
  /** Most tokens of prompt and answer together; what is over is cut from the answer's end, and then no EOS follows. */
  readonly maxLength?: number | undefined;
  /** Most tokens of the prompt; what is over is cut from its beginning. */
  readonly maxPromptLength?: number | undefined;
  /** False appends no EOS to answers, for texts that were cut off. Default true. */
  readonly eos?: boolean | undefined;
  /** The number of the first pair, as errors name it. Default 0. */
  readonly firstRow?: number | undefined;
  /** Is told of every row that cannot be encoded; the row is left out. Without it the first such row is thrown. */
  readonly onError?: ((error: DpoError) => void) | undefined;
}

/** Tokens, and how many were cut. */
export interface Piece {
  readonly tokens: Int32Array;
  readonly cut: number;
}

/** A prompt in tokens, with what its answers are encoded by. */
export interface EncodedPromptText extends Piece {
  readonly given: Text;
  readonly variables: TemplateVariables;
  /** The whole text that was encoded: a conversation's as its template writes it. */
  readonly text: string;
}

/** A prompt: BOS before a plain one, the template around a chat; what is over `maxPromptLength` is cut from its beginning. */
export function encodePrompt(
  given: Text,
  variables: TemplateVariables,
  tokenizer: Tokenizer,
  options: EncodeOptions,
  row: number,
): EncodedPromptText {
  const text = isChat(given)
    ? atRow(row, 'prompt', () => chatTemplate(tokenizer, row).prompt(given, variables))
    : given;
  const ids = toTokens(atRow(row, 'prompt', () => tokenizer.encode(text)));
  const whole = withRows(isChat(given) ? ids : withBos(ids, tokenizer.bosPrefix), tokenizer, row, 'prompt');
  const cut = Math.max(0, whole.length - (options.maxPromptLength ?? whole.length));
  if (whole.length === 0) {
    throw new DpoError('data.empty-prompt', `The prompt of row ${row} has no tokens.`, {
      values: { row },
      hint: "The prompt's last token predicts the answer's first one; this tokenizer begins a prompt with nothing of its own.",
    });
  }
  return { tokens: cut === 0 ? whole : whole.slice(cut), cut, given, variables, text };
}

/** A whole answer: the tokens that follow its prompt's in the text of both, with EOS after a plain one. */
export function encodeAnswer(
  prompt: EncodedPromptText,
  answer: Text,
  tokenizer: Tokenizer,
  options: EncodeOptions,
  row: number,
  key: string,
): Int32Array {
  const { given, variables, text: before } = prompt;
  const text = isChat(given)
    ? atRow(row, key, () => chatTemplate(tokenizer, row).answer(given, asMessages(answer), variables))
    : asPlain(answer, row);
  const apart = !isChat(given) && tokenizer.answersApart === true;
  const encode = () => (apart ? tokenizer.encode(text) : tokenizer.encodeAfter(before, text));
  const tokens = withRows(toTokens(atRow(row, key, encode)), tokenizer, row, key);
  if (tokens.length === 0) {
    throw new DpoError('data.empty-answer', `The ${key} answer of row ${row} has no tokens.`, { values: { row, key } });
  }
  const eos = options.eos === false ? undefined : tokenizer.eosTokenId;
  if (isChat(given) || eos === undefined || isEnd(tokens.at(-1), tokenizer)) return tokens;
  return withRows(concat(tokens, Int32Array.of(eos)), tokenizer, row, key);
}

/** Whether a token ends an answer. */
function isEnd(id: number | undefined, { eosTokenId, endTokenIds = [] }: Tokenizer): boolean {
  return id !== undefined && (id === eosTokenId || endTokenIds.includes(id));
}

/** Tokens that the model has rows for. */
function withRows(tokens: Int32Array, tokenizer: Tokenizer, row: number, key: string): Int32Array {
  const { embeddingRows } = tokenizer;
  if (embeddingRows === undefined) return tokens;
  const id = tokens.find((token) => token >= embeddingRows);
  if (id === undefined) return tokens;
  const token = tokenizer.decode?.([id]) ?? '';
  throw new DpoError(
    'data.token-without-row',
    `Row ${row}, ${key}: the token ${JSON.stringify(token)} has the id ${id}, and the model's embedding only ${embeddingRows} rows.`,
    {
      values: { row, key, token, id, embeddingRows },
      hint: 'The model never learned this token. Write the text without it, or leave the row out.',
    },
  );
}

/** Names the row where the tokenizer or its template cannot take a text. */
function atRow<T>(row: number, key: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!DpoError.is(error) || !error.code.startsWith('tokenizer.')) throw error;
    const { code, message, values, hint } = error;
    throw new DpoError(code, `Row ${row}, ${key}: ${message}`, {
      values: { ...values, row, key },
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

/** Cuts an answer to what its prompt leaves of `maxLength`. */
export function cutAnswer(tokens: Int32Array, prompt: number, options: EncodeOptions, row: number, key: string): Piece {
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

function chatTemplate(tokenizer: Tokenizer, row: number): NonNullable<Tokenizer['chat']> {
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

/** Throws `options.invalid` for a limit that is no positive integer. */
export function checkLimits(options: EncodeOptions): void {
  for (const name of ['maxLength', 'maxPromptLength'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue;
    throw new DpoError('options.invalid', `${name} must be a positive integer, not ${value}.`, {
      values: { [name]: value },
    });
  }
}
