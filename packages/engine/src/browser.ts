// The part of the package that loads without Node. `index.ts` adds TensorFlow and the functions that look for its library.
export { after } from './after.js';
export { hasGpu, type OpenPortableOptions, openPortable } from './portable/open-portable.js';
export { type Block, recompute } from './recompute.js';
export { type RegionOptions, region } from './region.js';
export type { RegionShader, ShaderPass, ShaderPlan } from './region-shader.js';
export { segmentSums } from './segment-sums.js';
export { statelessUniform } from './stateless-uniform.js';
export type {
  AdamUpdate,
  DType,
  Engine,
  EngineFunction,
  EngineWork,
  FunctionBody,
  FunctionOptions,
  Precision,
  Scope,
  Storage,
  Values,
  Variable,
  VariableOptions,
} from './types.js';
export { listAdapters } from './webgpu/adapters.js';
export type { GpuAdapter, GpuLimits } from './webgpu/gpu.js';
export { alone, anyWorker, type Collective } from './workers/collective.js';
export { ofFirstWorker } from './workers/of-first-worker.js';
export { gatherPieces, isOwnPiece } from './workers/pieces.js';
