export * from './browser.js';
export { classifierKind } from './classifiers/classifier-kind.js';
export { type LoadClassifierOptions, type LoadedClassifier, loadClassifier } from './classifiers/load-classifier.js';
export {
  checkRewardModel,
  type LoadedRewardModel,
  type LoadRewardOptions,
  loadRewardModel,
} from './classifiers/load-reward-model.js';
export { onScale, type RewardScale, readRewardScale, writeRewardScale } from './classifiers/reward-scale.js';
export { modelDigests } from './files/model-digests.js';
export { isAdapterFolder, openModelFiles } from './files/open-model-files.js';
export { type LoadAdapterOptions, loadAdapter, saveAdapter } from './lora/adapter-files.js';
export { type CheckedModel, type CheckOptions, checkModel, loadModel } from './model/load-model.js';
export { type SaveOptions, saveModel } from './model/save-model.js';
export { loadTokenizer } from './tokenizer/load-tokenizer.js';
export { type BatchEncoderOptions, openBatchEncoder } from './tokenizer/open-batch-encoder.js';
