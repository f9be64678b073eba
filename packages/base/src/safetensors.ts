export { openSafetensors } from './safetensors/open.js';
export { writeSafetensors, writeShardedSafetensors } from './safetensors/write.js';
export * from './safetensors-in-browsers.js';
