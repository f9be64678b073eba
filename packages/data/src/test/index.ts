export { type ByteTokenizer, type ByteTokenizerOptions, byteTokenizer, encodeEach } from './byte-tokenizer.js';
export { tinyPairs } from './tiny-pairs.js';
