export { cacheFolder } from './library/cache-folder.js';
export { cpuFlags, type FoundLibrary, findLibrary } from './library/find-library.js';
export { type InstallOptions, type InstallProgress, installLibrary } from './library/install-library.js';
export { tensorflowVersion, wheelFor } from './library/wheels.js';
export { type OpenEngineOptions, openEngine } from './open-engine.js';
export { openPortable } from './portable/open-portable.js';
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
