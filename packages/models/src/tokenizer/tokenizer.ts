import { DpoError, parseJsonObject, type Tokenizer } from '@dpo/base';
import type { Tokenizer as Library } from '@huggingface/tokenizers';
import { type Chat, chatOf } from './chat.js';
import { checkParts } from './check-parts.js';
import { aroundOf, decoderOf, nameAddedTokens, openLibrary, separateAddedTokens } from './library.js';
import { addedTokensOf, bosPrefixOf, specialTokensOf, tokensByRole } from './special-tokens.js';
import { changesEnds, textCutter } from './text/text-cutter.js';
import { textEncoding } from './text/text-encoder.js';
import { wordEncoder } from './text/word-encoder.js';
import { tokenizerJsonOfVocabulary } from './vocabulary-files.js';

/** Turns text into token ids and back, as the Python library does with the same files. */
export interface ModelTokenizer extends Tokenizer {
  /** The ids of a text alone, with nothing before or after it. Special tokens in the text become their ids. */
  encode(text: string): number[];
  /**
   * The ids of a text that follows another text. When the ids of both as one text begin with the ids of `before`, the result is the
   * rest of them. Otherwise a token lies across the border, and the result is the ids of the text as a continuation, with nothing
   * (`▁`, a space) put before it.
   */
  encodeAfter(before: string, text: string): number[];
  /** The ids of a text with the special tokens that the tokenizer puts around a text, for instance for a classifier. */
  encodeWithSpecials(text: string): number[];
  /**
   * The text of token ids. Spaces stay as the model wrote them (no clean-up), so that the text has the same ids again as far as the
   * tokenizer allows. Ids beyond the vocabulary, which models with a padded embedding can draw, have no text.
   */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** The text of ids that follow other ids. Decoded alone, SentencePiece's tokens would lose the space that they begin with. */
  decodeAfter(before: ArrayLike<number>, ids: ArrayLike<number>, options?: DecodeOptions): string;
  /**
   * Whether a plain answer is encoded by `encode`, as a text of its own. True for byte-level tokenizers that put a space before
   * every text, or strip blanks from texts: they do the same with an answer.
   */
  readonly answersApart: boolean;
  /** Whether the patterns of tokenizer.json surely end soon. Other patterns are stopped after some seconds. */
  readonly endsSoon: boolean;
  /** The ids before a prompt: usually none, or the one id that begins a text. */
  readonly bosPrefix: readonly number[];
  /** The id at the end of a plain answer: the tokenizer's end token, else the first end token of its model. */
  readonly eosTokenId: number | undefined;
  /** All ids that end an answer: the model's end tokens, else the tokenizer's. */
  readonly endTokenIds: readonly number[];
  readonly padTokenId: number | undefined;
  /** One more than the largest id. */
  readonly vocabSize: number;
  /** How many tokens the model's embedding has, when these are fewer than `vocabSize`: ids from there on cannot be used. */
  readonly embeddingRows?: number | undefined;
  /** The chat template; absent when the tokenizer has none. */
  readonly chat?: Chat;
  /** The texts of the tokenizer's files by name, to be saved beside weights. */
  readonly files: Readonly<Record<string, string>>;
}

/** How {@link ModelTokenizer.decode} decodes. */
interface DecodeOptions {
  /** Whether special tokens are left out. Default false. */
  readonly skipSpecialTokens?: boolean;
}

/**
 * A tokenizer out of the texts of its files by name. `tokenizer.json` is required, or the vocabulary of an older tokenizer:
 * `vocab.json` and `merges.txt` (GPT-2, RoBERTa), or `vocab.txt` (BERT).
 *
 * @param where the tokenizer's folder, for messages
 * @throws {DpoError} `tokenizer.not-found`, `tokenizer.unsupported`, `model.bad-json`.
 */
export function createTokenizer(files: Readonly<Record<string, string>>, where = 'the tokenizer'): ModelTokenizer {
  const config = parseJsonObject(files['tokenizer_config.json'] ?? '{}', 'tokenizer_config.json');
  const json = tokenizerJson(files, config, where);
  const use = <T>(call: () => T): T => asTokenizerError(where, call);
  const { library, tokens, encoding, cutter, idOf } = use(() => open(files, json, config));
  const special = specialTokensOf(files, json, config, idOf);
  const around = use(() => aroundOf(library, tokens));
  const { eos_token: eos } = special.byRole;
  // `forModel` adds the end tokens of the model's files.
  const chat = chatOf(files, config, special, { where, ends: eos === undefined ? [] : [eos] });
  const decodeIds = decoderOf(library, json);
  const decode = (ids: ArrayLike<number>, { skipSpecialTokens = false }: DecodeOptions = {}): string =>
    use(() => decodeIds(ids, skipSpecialTokens));
  return {
    encode: (text) => use(() => encoding.encode(text)),
    encodeAfter: (before, text) => use(() => encoding.encodeAfter(before, text)),
    encodeWithSpecials: (text) => use(() => [...around.before, ...encoding.encode(text), ...around.after]),
    decode,
    decodeAfter: (before, ids, options) => textAfter(decode, before, ids, options),
    answersApart: changesEnds(json),
    endsSoon: cutter.endsSoon,
    bosPrefix: bosPrefixOf(around.before, config, special.bosId),
    eosTokenId: special.eosId,
    endTokenIds: special.eosId === undefined ? [] : [special.eosId],
    padTokenId: special.padId,
    vocabSize: use(() => vocabSizeOf(library)),
    ...(chat === undefined ? {} : { chat }),
    files,
  };
}

/** The beginning of a text depends on at most this many ids before it. */
const CONTEXT = 8;

/** The text that ids add to the text of the ids before them. */
function textAfter(
  decode: ModelTokenizer['decode'],
  before: ArrayLike<number>,
  ids: ArrayLike<number>,
  options?: DecodeOptions,
): string {
  const context = Array.from(before).slice(-CONTEXT);
  const head = decode(context, options);
  const whole = decode([...context, ...Array.from(ids)], options);
  return whole.startsWith(head) ? whole.slice(head.length) : decode(ids, options);
}

function tokenizerJson(
  files: Readonly<Record<string, string>>,
  config: Readonly<Record<string, unknown>>,
  where: string,
): Record<string, unknown> {
  const text = files['tokenizer.json'];
  if (text !== undefined) return parseJsonObject(text, 'tokenizer.json');
  const json = tokenizerJsonOfVocabulary(files, config);
  if (json !== undefined) return json;
  throw new DpoError('tokenizer.not-found', `${where} has no tokenizer.json.`, {
    values: { where, files: Object.keys(files) },
    hint: 'Write one in Python: AutoTokenizer.from_pretrained("MODEL").save_pretrained("MODEL").',
  });
}

function open(files: Readonly<Record<string, string>>, json: Record<string, unknown>, config: Record<string, unknown>) {
  checkParts(json);
  const library = openLibrary(json, config);
  separateAddedTokens(library, json);
  const vocabularyId = (token: string) => library.token_to_id(token);
  const tokens = addedTokensOf(json, config, tokensByRole(files, config), vocabularyId);
  nameAddedTokens(library, tokens);
  const ids = new Map(tokens.map(({ content, id }) => [content, id]));
  const cutter = textCutter(json, tokens);
  const encoding = textEncoding(cutter, wordEncoder(library, json));
  return { library, tokens, cutter, encoding, idOf: (token: string) => ids.get(token) ?? vocabularyId(token) };
}

/** Calls the library, and turns its errors into ours. Some faults of a tokenizer.json show only in use. */
function asTokenizerError<T>(where: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (DpoError.is(cause)) throw cause;
    throw new DpoError('tokenizer.unsupported', `${where} cannot be used: ${(cause as Error).message}.`, {
      values: { where },
      hint: 'Its tokenizer.json is damaged, or has parts that are not supported.',
      cause,
    });
  }
}

function vocabSizeOf(library: Library): number {
  let largest = -1;
  for (const id of library.get_vocab(true).values()) largest = Math.max(largest, id);
  return largest + 1;
}
