import { DpoError } from '@dpo/base';
import { byteLevelPart, byteLevelTokenizerJson } from '../tokenizer/byte-level.js';
import type { GgufMetadata } from './gguf-metadata.js';

/** How text is cut into words before merging, as `tokenizer.json` says it. */
interface Cutting {
  readonly preTokenizer: Record<string, unknown>;
  readonly normalizer?: Record<string, unknown>;
  readonly ignoreMerges?: boolean;
}

const split = (pattern: string): Record<string, unknown> => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
    byteLevelPart(false),
  ],
});

const digitsThenBytes: Record<string, unknown> = {
  type: 'Sequence',
  pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevelPart(true)],
};

const words = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** By GGUF's `tokenizer.ggml.pre`: what the models' own tokenizer.json have. */
const cuttings: Readonly<Record<string, Cutting>> = {
  'gpt-2': { preTokenizer: byteLevelPart(true) },
  smollm: { preTokenizer: digitsThenBytes },
  starcoder: { preTokenizer: digitsThenBytes },
  refact: { preTokenizer: digitsThenBytes },
  'llama-bpe': { preTokenizer: split(words('\\p{N}{1,3}')), ignoreMerges: true },
  qwen2: { preTokenizer: split(words('\\p{N}')), normalizer: { type: 'NFC' } },
};

/** Token types of GGUF's `tokenizer.ggml.token_type`. */
const unknownType = 2;
const controlType = 3;
const userDefinedType = 4;

/**
 * The files of a Hugging Face tokenizer, from the tokenizer in a GGUF file: `tokenizer.json`,
 * `tokenizer_config.json`, `special_tokens_map.json` and `generation_config.json`. Empty where the file has none.
 *
 * Throws `tokenizer.unsupported` for kinds other than byte-level BPE and for an unknown way of cutting words: a
 * tokenizer that cuts differently gives other ids without anybody noticing.
 */
export function ggufTokenizerFiles(metadata: GgufMetadata, contextLength: unknown): Record<string, string> {
  const tokens = metadata.texts('tokenizer.ggml.tokens');
  if (tokens === undefined) return {};
  const cutting = cuttingOf(metadata);
  const types = metadata.numbers('tokenizer.ggml.token_type') ?? [];
  const addedTokens = tokens.flatMap((content, id) => {
    const type = types[id];
    if (type !== controlType && type !== userDefinedType && type !== unknownType) return [];
    return [{ id, content, special: type !== userDefinedType }];
  });

  const token = (name: string): string | undefined => {
    const id = metadata.number(`tokenizer.ggml.${name}_token_id`);
    return id === undefined ? undefined : tokens[id];
  };
  const special: Record<string, string> = {};
  for (const [role, name] of Object.entries(roles)) {
    const text = token(name);
    if (text !== undefined) special[role] = text;
  }
  const bosId = metadata.number('tokenizer.ggml.bos_token_id');
  const bos = special.bos_token;
  const addBos = metadata.flag('tokenizer.ggml.add_bos_token') === true && bos !== undefined && bosId !== undefined;

  const json = byteLevelTokenizerJson(vocabOf(tokens), metadata.texts('tokenizer.ggml.merges') ?? [], {
    preTokenizer: cutting.preTokenizer,
    normalizer: cutting.normalizer ?? null,
    ignoreMerges: cutting.ignoreMerges ?? false,
    addedTokens,
    ...(addBos ? { postProcessor: bosFirst(bos, bosId) } : {}),
  });
  const template = metadata.text('tokenizer.chat_template');
  const config = {
    add_bos_token: addBos,
    add_prefix_space: false,
    added_tokens_decoder: Object.fromEntries(addedTokens.map((added) => [String(added.id), decoderEntry(added)])),
    ...special,
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
  return {
    'tokenizer.json': JSON.stringify(json),
    'tokenizer_config.json': `${JSON.stringify(config, null, 2)}\n`,
    'special_tokens_map.json': `${JSON.stringify(special, null, 2)}\n`,
    'generation_config.json': `${JSON.stringify(generation, null, 2)}\n`,
  };
}

const roles: Readonly<Record<string, string>> = {
  bos_token: 'bos',
  eos_token: 'eos',
  unk_token: 'unknown',
  pad_token: 'padding',
};

function cuttingOf(metadata: GgufMetadata): Cutting {
  const model = metadata.text('tokenizer.ggml.model') ?? '';
  const pre = metadata.text('tokenizer.ggml.pre') ?? 'gpt-2';
  const cutting = model === 'gpt2' && Object.hasOwn(cuttings, pre) ? cuttings[pre] : undefined;
  if (cutting !== undefined) return cutting;
  throw new DpoError(
    'tokenizer.unsupported',
    `${metadata.path}: its tokenizer (model "${model}", words "${pre}") is not read; byte-level ones ("gpt2") with ` +
      `these are: ${Object.keys(cuttings).join(', ')}.`,
    {
      values: { path: metadata.path, model, pre },
      hint: 'Take the model as a Hugging Face folder, with its tokenizer.json.',
    },
  );
}

/** Token → id; of tokens that occur twice, which only padding does, the first. */
function vocabOf(tokens: readonly string[]): Record<string, number> {
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) if (!ids.has(token)) ids.set(token, id);
  return Object.fromEntries(ids);
}

function bosFirst(token: string, id: number): Record<string, unknown> {
  const bos = (type: number): unknown => ({ SpecialToken: { id: token, type_id: type } });
  const text = (name: string, type: number): unknown => ({ Sequence: { id: name, type_id: type } });
  return {
    type: 'TemplateProcessing',
    single: [bos(0), text('A', 0)],
    pair: [bos(0), text('A', 0), bos(1), text('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

function decoderEntry(added: { readonly content: string; readonly special: boolean }): Record<string, unknown> {
  const { content, special } = added;
  return { content, lstrip: false, normalized: false, rstrip: false, single_word: false, special };
}
