export { DpoError, type DpoErrorDetails } from './error.js';
export { isBfloat16, toBfloat16, widen } from './floats.js';
export { atOnce, inPieces, pauses, type Steps } from './in-pieces.js';
export type { Json } from './json.js';
export { duplicateKey, isObject, parseJsonObject } from './json-object.js';
export { nearest } from './nearest.js';
export { quoted, shortened, visible } from './printable.js';
export { normal, permutation, type Random, random } from './random.js';
export { keepSecret, keepSecretsOf, redact } from './redact.js';
export type {
  EncodedAnswer,
  EncodedExample,
  EncodedPair,
  EncodedRanking,
  PromptGroup,
} from './vocabulary/examples.js';
export type { PackedBatch } from './vocabulary/packed-batch.js';
export type { Message, TemplateInputs, TemplateVariables, Text } from './vocabulary/text.js';
export type { TextToEncode } from './vocabulary/text-to-encode.js';
export type { ChatTemplate, Tokenizer } from './vocabulary/tokenizer.js';
export { type ShareInterval, wilson, Z_95 } from './wilson.js';
