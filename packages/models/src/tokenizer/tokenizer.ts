import { DpoError, parseJsonObject, type Tokenizer } from '@dpo/base';
import type { Tokenizer as Library } from '@huggingface/tokenizers';
import { type Chat, chatOf } from './chat.js';
import { checkParts } from './check-parts.js';
import { aroundOf, decoderOf, nameAddedTokens, openLibrary, separateAddedTokens } from './library.js';
import { addedTokensOf, bosPrefixOf, namedTokens, specialTokensOf } from './special-tokens.js';
import { changesEnds, textCutter } from './text/text-cutter.js';
import { textEncoding } from './text/text-encoder.js';
import { wordEncoder } from './text/word-encoder.js';
import { tokenizerJsonOfVocabulary } from './vocabulary-files.js';

/** Turns text into token ids and back, as the Python library does with the same files. */
export interface ModelTokenizer extends Tokenizer {
  /** The ids of a text alone: nothing is put before or after it. Special tokens written out in it become their ids. */
  encode(text: string): number[];
  /**
   * The ids of a text that follows another one: those after the ids of `before` in the ids of both as one text, where
   * these begin with the ids of `before`. Elsewhere a token lies across the border; then the ids are those of the text as
   * it goes on, with nothing put before it (`▁`, a space), so that they read as the text after what was generated from.
   */
  encodeAfter(before: string, text: string): number[];
  /** The ids of a text with the special tokens that the tokenizer puts around one, as for a classifier. */
  encodeWithSpecials(text: string): number[];
  /**
   * The text of token ids. Spaces are left as the model wrote them (no clean-up), so that encoding the text again
   * gives the ids again where the tokenizer allows. Ids beyond the vocabulary, which models with a padded embedding
   * can draw, have no text.
   */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** The text of ids that follow others: decoded alone, SentencePiece's tokens lose the space that they begin with. */
  decodeAfter(before: ArrayLike<number>, ids: ArrayLike<number>, options?: DecodeOptions): string;
  /**
   * Whether a plain answer is a text of its own, encoded by `encode`: byte-level tokenizers that put a space before every
   * text, or strip blanks from one, do so with an answer too.
   */
  readonly answersApart: boolean;
  /** Whether the patterns of tokenizer.json surely come to an end. Others are stopped after some seconds. */
  readonly endsSoon: boolean;
  /** What belongs before a prompt: usually nothing, or the one id that begins a text. */
  readonly bosPrefix: readonly number[];
  /** The id that a plain answer gets at its end: the tokenizer's, else the first that its model names. */
  readonly eosTokenId: number | undefined;
  /** All ids that end an answer: those that the model names, else the tokenizer's. */
  readonly endTokenIds: readonly number[];
  readonly padTokenId: number | undefined;
  /** One more than the largest id. */
  readonly vocabSize: number;
  /** Rows of the model's embedding, where these are fewer: ids from there on cannot be used. */
  readonly embeddingRows?: number | undefined;
  /** The chat template; absent where the tokenizer has none. */
  readonly chat?: Chat;
  /** The files that it was made of, by name, to be written beside weights. */
  readonly files: Readonly<Record<string, string>>;
}

/** What {@link ModelTokenizer.decode} leaves out. */
interface DecodeOptions {
  readonly skipSpecialTokens?: boolean;
}

/**
 * Makes a tokenizer of its files' texts, by name. `tokenizer.json` is needed, or the vocabulary of a tokenizer from
 * before it: `vocab.json` and `merges.txt` (GPT-2, RoBERTa), or `vocab.txt` (BERT).
 *
 * @param where named in errors
 */
export function createTokenizer(files: Readonly<Record<string, string>>, where = 'the tokenizer'): ModelTokenizer {
  const config = parseJsonObject(files['tokenizer_config.json'] ?? '{}', 'tokenizer_config.json');
  const json = tokenizerJson(files, config, where);
  const use = <T>(call: () => T): T => guarded(where, call);
  const { library, tokens, encoding, cutter, idOf } = use(() => open(files, json, config));
  const special = specialTokensOf(files, json, config, idOf);
  const around = use(() => aroundOf(library, tokens));
  const { eos_token: eos } = special.named;
  // What the model's files name besides, forModel knows.
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

/** So many ids before a text say how it begins. */
const CONTEXT = 8;

/** What ids add to the text of the ids before them. */
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
  const own = (token: string) => library.token_to_id(token);
  const tokens = addedTokensOf(json, config, namedTokens(files, config), own);
  nameAddedTokens(library, tokens);
  const ids = new Map(tokens.map(({ content, id }) => [content, id]));
  const cutter = textCutter(json, tokens);
  const encoding = textEncoding(cutter, wordEncoder(library, json));
  return { library, tokens, cutter, encoding, idOf: (token: string) => ids.get(token) ?? own(token) };
}

/** Calls the library. It finds what is wrong with a tokenizer.json when it stumbles over it, be it in use. */
function guarded<T>(where: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (DpoError.is(cause)) throw cause;
    throw new DpoError('tokenizer.unsupported', `${where} cannot be used: ${(cause as Error).message}.`, {
      values: { where },
      hint: 'Its tokenizer.json is damaged, or has parts that are not known here.',
      cause,
    });
  }
}

function vocabSizeOf(library: Library): number {
  let largest = -1;
  for (const id of library.get_vocab(true).values()) largest = Math.max(largest, id);
  return largest + 1;
}
