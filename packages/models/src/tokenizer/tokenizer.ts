import { stat } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { Tokenizer as Encoder } from '@huggingface/tokenizers';
import { parseJsonObject } from '../files/json-object.js';
import { readTextFiles } from '../files/model-files.js';
import { type Chat, chatOf } from './chat.js';
import { checkParts } from './check-parts.js';
import { mendByteFallback, mendPreTokenizer } from './mend.js';
import { bosPrefixOf, specialTokensOf } from './special-tokens.js';
import { tokenizerJsonOfVocabulary } from './vocabulary-files.js';

/** Turns text into token ids and back, as the Python library does with the same files. */
export interface Tokenizer {
  /** The ids of a text alone: nothing is put before or after it. Special tokens written out in it become their ids. */
  encode(text: string): number[];
  /** The ids of a text with the special tokens that the tokenizer puts around one, as for a classifier. */
  encodeWithSpecials(text: string): number[];
  /**
   * The text of token ids. Spaces are left as the model wrote them (no clean-up), so that encoding the text again
   * gives the ids again where the tokenizer allows. Ids beyond the vocabulary, which models with a padded embedding
   * can draw, have no text.
   */
  decode(ids: ArrayLike<number>, options?: { skipSpecialTokens?: boolean }): string;
  /** What belongs before a prompt: usually nothing, or the one id that begins a text. */
  readonly bosPrefix: readonly number[];
  /** The id that ends an answer, if the tokenizer names one. */
  readonly eosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  /** One more than the largest id. */
  readonly vocabSize: number;
  /** The chat template; absent where the tokenizer has none. */
  readonly chat?: Chat;
  /** The files that it was made of, by name, to be written beside weights. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Opens a tokenizer from a model's folder, or from its files by name (`tokenizer.json`, `tokenizer_config.json`, …).
 *
 * Throws `tokenizer.not-found`, `tokenizer.unsupported`, `model.bad-json`.
 */
export async function loadTokenizer(filesOrFolder: Readonly<Record<string, string>> | string): Promise<Tokenizer> {
  if (typeof filesOrFolder !== 'string') return createTokenizer(filesOrFolder);
  const there = await stat(filesOrFolder).catch((error: unknown) => {
    throw asFileError(error, filesOrFolder);
  });
  if (!there.isDirectory()) {
    throw new DpoError('tokenizer.not-found', `${filesOrFolder} is not a folder with tokenizer.json.`, {
      values: { path: filesOrFolder },
    });
  }
  return createTokenizer(await readTextFiles(filesOrFolder), filesOrFolder);
}

/**
 * Makes a tokenizer of its files' texts, by name. `tokenizer.json` is needed, or the vocabulary of a tokenizer from
 * before it: `vocab.json` and `merges.txt` (GPT-2, RoBERTa), or `vocab.txt` (BERT).
 *
 * @param where named in errors
 */
export function createTokenizer(files: Readonly<Record<string, string>>, where = 'the tokenizer'): Tokenizer {
  const config = parseJsonObject(files['tokenizer_config.json'] ?? '{}', 'tokenizer_config.json');
  const json = tokenizerJson(files, config, where);
  const use = <T>(call: () => T): T => guarded(where, call);
  const encoder = use(() => createEncoder(json, config));
  const special = specialTokensOf(files, json, config, (token) => encoder.token_to_id(token));
  const vocabSize = use(() => vocabSizeOf(encoder));
  const chat = chatOf(files, config, special);
  const encode = (text: string, add_special_tokens: boolean): number[] =>
    text === '' && !add_special_tokens ? [] : use(() => encoder.encode(text, { add_special_tokens }).ids);
  return {
    encode: (text) => encode(text, false),
    encodeWithSpecials: (text) => encode(text, true),
    decode(ids, { skipSpecialTokens = false } = {}) {
      const known = Array.from(ids).filter((id) => encoder.id_to_token(id) !== undefined);
      if (known.length === 0) return '';
      const options = { skip_special_tokens: skipSpecialTokens, clean_up_tokenization_spaces: false };
      return use(() => encoder.decode(known, options));
    },
    bosPrefix: bosPrefixOf(encode, config, special.bosId),
    eosTokenId: special.eosId,
    padTokenId: special.padId,
    vocabSize,
    ...(chat === undefined ? {} : { chat }),
    files,
  };
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

function createEncoder(json: Record<string, unknown>, config: Record<string, unknown>): Encoder {
  // The library reads absent parts as errors; the format lets them be absent.
  const parts = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
  checkParts(json);
  const mended = { ...parts, ...json, pre_tokenizer: mendPreTokenizer(json.pre_tokenizer ?? null) };
  const encoder = new Encoder(mended, config);
  mendByteFallback(encoder, json);
  return encoder;
}

/** Calls the library. It finds what is wrong with a tokenizer.json when it stumbles over it, be it in use. */
function guarded<T>(where: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw new DpoError('tokenizer.unsupported', `${where} cannot be used: ${(cause as Error).message}.`, {
      values: { where },
      hint: 'Its tokenizer.json is damaged, or has parts that are not known here.',
      cause,
    });
  }
}

function vocabSizeOf(encoder: Encoder): number {
  let largest = -1;
  for (const id of encoder.get_vocab(true).values()) largest = Math.max(largest, id);
  return largest + 1;
}
