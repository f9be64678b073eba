import { DpoError } from '@dpo/base';
import { byteLevelPart, byteLevelTokenizerJson } from '../tokenizer/byte-level.js';
import type { GgufVocabulary } from './gguf-vocabulary.js';

/** How text is cut into words before merging, in the terms of `tokenizer.json`. */
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

/** The cutting of the models' own tokenizer.json, by GGUF's `tokenizer.ggml.pre`. */
const cuttings: Readonly<Record<string, Cutting>> = {
  'gpt-2': { preTokenizer: byteLevelPart(true) },
  smollm: { preTokenizer: digitsThenBytes },
  starcoder: { preTokenizer: digitsThenBytes },
  refact: { preTokenizer: digitsThenBytes },
  'llama-bpe': { preTokenizer: split(words('\\p{N}{1,3}')), ignoreMerges: true },
  qwen2: { preTokenizer: split(words('\\p{N}')), normalizer: { type: 'NFC' } },
};

/**
 * `tokenizer.json` of a byte-level tokenizer (GGUF's `gpt2`).
 *
 * @throws {DpoError} `tokenizer.unsupported` for an unknown way of cutting words: with another way the tokenizer would give other
 * ids, and nobody would notice.
 */
export function ggufByteLevel({ metadata, vocab, addedTokens }: GgufVocabulary): Record<string, unknown> {
  const pre = metadata.text('tokenizer.ggml.pre') ?? 'gpt-2';
  const cutting = Object.hasOwn(cuttings, pre) ? cuttings[pre] : undefined;
  if (cutting === undefined)
    throw new DpoError(
      'tokenizer.unsupported',
      `${metadata.path}: its tokenizer cuts words as "${pre}", which is not supported; these are: ${Object.keys(cuttings).join(', ')}.`,
      {
        values: { path: metadata.path, model: 'gpt2', pre },
        hint: 'Take the model as a Hugging Face folder, with its tokenizer.json.',
      },
    );
  return byteLevelTokenizerJson(vocab, metadata.texts('tokenizer.ggml.merges') ?? [], {
    preTokenizer: cutting.preTokenizer,
    normalizer: cutting.normalizer ?? null,
    ignoreMerges: cutting.ignoreMerges ?? false,
    addedTokens,
  });
}
