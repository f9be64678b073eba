export { FakeHub, type FakeRepository } from './fake-hub.js';
export { tinyTokenizer } from './tiny-tokenizer.js';
