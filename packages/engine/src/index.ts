export { after } from './after.js';
export { type Block, checkpoint } from './checkpoint.js';
export { exitNow } from './exit-now.js';
export { cacheFolder } from './library/cache-folder.js';
export { type EngineInfo, engineInfo } from './library/engine-info.js';
export { type FindOptions, findLibrary, lookForLibraries } from './library/find-library.js';
export type { FoundLibrary, LibraryCandidate } from './library/found-library.js';
export { cudaDownloadBytes, cudaFolder, installCudaLibraries } from './library/install-cuda-libraries.js';
export { type InstallOptions, type InstallProgress, installLibrary } from './library/install-library.js';
export { cpuFlags } from './library/machine.js';
export { tensorflowVersion, wheelFor } from './library/wheels.js';
export { type OpenEngineOptions, openEngine } from './open-engine.js';
export { openPortable } from './portable/open-portable.js';
export { statelessUniform } from './stateless-uniform.js';
export { missingCudaLibraries } from './tensorflow/cuda-libraries.js';
export type {
  AdamUpdate,
  DType,
  Engine,
  EngineFunction,
  FunctionBody,
  FunctionOptions,
  Precision,
  Scope,
  Values,
  Variable,
} from './types.js';
