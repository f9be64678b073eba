export { type ByteTokenizer, type ByteTokenizerOptions, byteTokenizer } from './byte-tokenizer.js';
export { tinyPairs } from './tiny-pairs.js';
