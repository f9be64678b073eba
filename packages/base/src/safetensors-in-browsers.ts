// The part of `@dpo/base/safetensors` that loads without Node.
export { type FloatDtype, halfTable, roomFor, widen } from './floats.js';
export { checkDisguise } from './safetensors/disguise.js';
export type { SafetensorsDtype, SafetensorsEntry } from './safetensors/header.js';
export { safetensorsPieces, type TensorToWrite } from './safetensors/pieces.js';
export { openSafetensorsIn, type Safetensors } from './safetensors/read.js';
