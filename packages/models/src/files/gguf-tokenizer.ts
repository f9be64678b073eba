import { DpoError } from '@dpo/base';
import { ggufByteLevel } from './gguf-byte-level.js';
import type { GgufMetadata } from './gguf-metadata.js';
import { ggufSentencePiece } from './gguf-sentencepiece.js';
import { type GgufAddedToken, type GgufVocabulary, ggufVocabulary } from './gguf-vocabulary.js';
import { ggufWordPiece } from './gguf-word-piece.js';

/** A kind of tokenizer. */
interface Kind {
  /** The kind's tokenizer.json. */
  readonly json: (vocabulary: GgufVocabulary) => Record<string, unknown>;
  /** Whether bos and eos tokens are put around a text when the file does not say so. */
  readonly around: { readonly bos: boolean; readonly eos: boolean };
}

/** By GGUF's `tokenizer.ggml.model`. */
const kinds: Readonly<Record<string, Kind>> = {
  gpt2: { json: ggufByteLevel, around: { bos: false, eos: false } },
  llama: { json: ggufSentencePiece, around: { bos: true, eos: false } },
  bert: { json: ggufWordPiece, around: { bos: true, eos: true } },
};

/** The roles of special tokens by their names in configurations, with their names in GGUF, in GGUF's own spelling. */
const roles: Readonly<Record<string, string>> = {
  bos_token: 'bos',
  eos_token: 'eos',
  unk_token: 'unknown',
  pad_token: 'padding',
  sep_token: 'seperator',
  cls_token: 'cls',
  mask_token: 'mask',
};

/**
 * The files of a Hugging Face tokenizer, from the tokenizer in a GGUF file: `tokenizer.json`, `tokenizer_config.json`,
 * `special_tokens_map.json` and `generation_config.json`. Empty when the file has no tokenizer.
 *
 * @param contextLength the longest text of the model in tokens, if it is a number
 * @throws {DpoError} `tokenizer.unsupported` for kinds other than byte-level BPE, SentencePiece's merges and WordPiece, and the
 * errors of these kinds.
 */
export function ggufTokenizerFiles(metadata: GgufMetadata, contextLength: unknown): Record<string, string> {
  const vocabulary = ggufVocabulary(metadata);
  if (vocabulary === undefined) return {};
  const { tokens, addedTokens } = vocabulary;
  const kind = kindOf(metadata);
  const special: Record<string, string> = {};
  for (const [role, name] of Object.entries(roles)) {
    const text = tokens[metadata.number(`tokenizer.ggml.${name}_token_id`) ?? -1];
    if (text !== undefined) special[role] = text;
  }
  const add = (name: 'bos' | 'eos') => metadata.flag(`tokenizer.ggml.add_${name}_token`) ?? kind.around[name];
  const before = add('bos') ? (special.cls_token ?? special.bos_token) : undefined;
  const after = add('eos') ? (special.sep_token ?? special.eos_token) : undefined;
  const json = kind.json(vocabulary);
  if (before !== undefined || after !== undefined) json.post_processor = around(tokens, before, after);

  const template = metadata.text('tokenizer.chat_template');
  const config = {
    add_bos_token: before !== undefined,
    add_prefix_space: false,
    added_tokens_decoder: Object.fromEntries(addedTokens.map((token) => [String(token.id), decoderEntry(token)])),
    ...special,
    // Without this, the usual end token of such tokenizers would count.
    ...(special.eos_token === undefined ? { eos_token: null } : {}),
    ...(template === undefined ? {} : { chat_template: template }),
    clean_up_tokenization_spaces: false,
    ...(typeof contextLength === 'number' ? { model_max_length: contextLength } : {}),
    tokenizer_class: 'PreTrainedTokenizerFast',
  };
  const generation: Record<string, unknown> = { _from_model_config: true };
  for (const name of ['bos', 'eos', 'padding'] as const) {
    const id = metadata.number(`tokenizer.ggml.${name}_token_id`);
    if (id !== undefined) generation[`${name === 'padding' ? 'pad' : name}_token_id`] = id;
  }
  // The ends of a text, a turn and a message: llama.cpp stops at each of them.
  const ends = ['eos', 'eot', 'eom'].flatMap((name) => metadata.number(`tokenizer.ggml.${name}_token_id`) ?? []);
  if (new Set(ends).size > 1) generation.eos_token_id = [...new Set(ends)];
  return {
    'tokenizer.json': JSON.stringify(json),
    'tokenizer_config.json': `${JSON.stringify(config, null, 2)}\n`,
    'special_tokens_map.json': `${JSON.stringify(special, null, 2)}\n`,
    'generation_config.json': `${JSON.stringify(generation, null, 2)}\n`,
  };
}

function kindOf(metadata: GgufMetadata): Kind {
  const model = metadata.text('tokenizer.ggml.model') ?? '';
  const kind = Object.hasOwn(kinds, model) ? kinds[model] : undefined;
  if (kind !== undefined) return kind;
  const supported = Object.keys(kinds);
  throw new DpoError(
    'tokenizer.unsupported',
    `${metadata.path}: tokenizers of the kind "${model}" are not read; these are: ${supported.join(', ')}.`,
    {
      values: { path: metadata.path, model, known: supported },
      hint: 'Take the model as a Hugging Face folder, with its tokenizer.json.',
    },
  );
}

/** A `post_processor` that puts tokens before and after a text. */
function around(tokens: readonly string[], before: string | undefined, after: string | undefined) {
  const special = (token: string | undefined, type: number) =>
    token === undefined ? [] : [{ SpecialToken: { id: token, type_id: type } }];
  const text = (name: string, type: number) => ({ Sequence: { id: name, type_id: type } });
  const specialTokens = [before, after].filter((token) => token !== undefined);
  return {
    type: 'TemplateProcessing',
    single: [...special(before, 0), text('A', 0), ...special(after, 0)],
    pair: [
      ...special(before, 0),
      text('A', 0),
      ...special(after, 0),
      ...(after === undefined ? special(before, 1) : []),
      text('B', 1),
      ...special(after, 1),
    ],
    special_tokens: Object.fromEntries(
      specialTokens.map((token) => [token, { id: token, ids: [tokens.indexOf(token)], tokens: [token] }]),
    ),
  };
}

function decoderEntry({ content, special }: GgufAddedToken): Record<string, unknown> {
  return { content, lstrip: false, normalized: false, rstrip: false, single_word: false, special };
}
