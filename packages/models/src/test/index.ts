export { tinyTokenizer } from './tiny-tokenizer.js';
