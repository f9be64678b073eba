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
