export { type ModelFiles, openModelFiles, type WeightEntry } from './files/model-files.js';
export { openSafetensors, type Safetensors } from './files/safetensors.js';
export type { SafetensorsDtype, SafetensorsEntry } from './files/safetensors-header.js';
export { type TensorToWrite, writeSafetensors, writeShardedSafetensors } from './files/write-safetensors.js';
export type { Chat, ChatMessage } from './tokenizer/chat.js';
export { createTokenizer, loadTokenizer, type Tokenizer } from './tokenizer/tokenizer.js';
