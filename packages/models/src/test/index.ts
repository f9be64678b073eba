export { type TinyModelOptions, tinyGpt2, tinyLlama } from './tiny-models.js';
export { tinyTokenizer } from './tiny-tokenizer.js';
