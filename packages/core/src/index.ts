export { type LossEntry, type PreferenceLossName, preferenceLoss, preferenceLosses } from './losses/registry.js';
export type { LossOptions, PairLosses, PreferenceLoss } from './losses/types.js';
export {
  type Method,
  type MethodInputs,
  type MethodTerms,
  preferenceMethod,
  type Side,
  supervisedMethod,
} from './method.js';
export { type AdamWOptions, adamw } from './optimizers/adamw.js';
export { clipCoefficient, globalNorm } from './optimizers/clip.js';
export { type OptimizerName, optimizers } from './optimizers/registry.js';
export { type RmspropOptions, rmsprop } from './optimizers/rmsprop.js';
export {
  type LearningRateOptions,
  learningRates,
  type Schedule,
  type ScheduleName,
  schedules,
} from './optimizers/schedules.js';
export { type SgdOptions, sgd } from './optimizers/sgd.js';
export type { Optimizer, WeightUpdate } from './optimizers/types.js';
