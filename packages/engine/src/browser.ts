// The part of the package that loads without Node. `index.ts` adds TensorFlow and the functions that look for its library.
export { after } from './after.js';
export { type OpenPortableOptions, openPortable } from './portable/open-portable.js';
export { type Block, recompute } from './recompute.js';
export { segmentSums } from './segment-sums.js';
export { statelessUniform } from './stateless-uniform.js';
export type {
  AdamUpdate,
  DType,
  Engine,
  EngineFunction,
  FunctionBody,
  FunctionOptions,
  Precision,
  Scope,
  Storage,
  Values,
  Variable,
  VariableOptions,
} from './types.js';
export { alone, anyWorker, type Collective } from './workers/collective.js';
