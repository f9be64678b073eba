export { type FloatDtype, halfTable, roomFor, widen } from './floats.js';
export { checkDisguise } from './safetensors/disguise.js';
export type { SafetensorsDtype, SafetensorsEntry } from './safetensors/header.js';
export { openSafetensors, type Safetensors } from './safetensors/read.js';
export { type TensorToWrite, writeSafetensors, writeShardedSafetensors } from './safetensors/write.js';
