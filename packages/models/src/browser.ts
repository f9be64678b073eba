// The exports that load without Node. `index.ts` adds those that read and write files.
export type { Message, PackedBatch, TemplateVariables, Tokenizer } from '@dpo/base';
export { type PackedValues, packedValues } from '@dpo/base/packing';
export { supportedArchitectures } from './architectures/registry.js';
export type { Decoder, ModelConfig, WeightSpec } from './architectures/types.js';
export { type AnswerStates, type TokenDivergences, tokenDivergences } from './blocks/token-divergences.js';
export type { LogitHead, LogitLimits } from './blocks/token-logps.js';
export type { Classification, Classifier, ClassifyOptions } from './classifiers/classifier.js';
export { supportedClassifiers } from './classifiers/network.js';
export { type FetchModelOptions, fetchModelFiles } from './files/fetch-model-files.js';
export type { CompanionFiles, FileContents } from './files/file-contents.js';
export type { ModelFiles, WeightEntry } from './files/model-files.js';
export { openModelFolder } from './files/open-model-folder.js';
export type { GenerateOptions } from './generate/generate-options.js';
export { type Generation, generate } from './generate/generation.js';
export { adapterContents, type SaveAdapterOptions } from './lora/adapter-contents.js';
export { addLora, type LoraOptions } from './lora/add-lora.js';
export { mergeAdapter } from './lora/merge-adapter.js';
export type { Adapter } from './lora/types.js';
export { type CloneOptions, cloneModel } from './model/clone-model.js';
export { createModel } from './model/create-model.js';
export type { FrozenStorage, Rounding } from './model/frozen-weights.js';
export { type LoadedModel, type LoadOptions, loadModelFrom } from './model/load-model-from.js';
export {
  type ModelCard,
  type ModelCardData,
  type ModelCardMethod,
  type ModelCardResult,
  modelCard,
} from './model/model-card.js';
export { type ModelContentsOptions, modelContents } from './model/model-contents.js';
export type {
  DropoutDraw,
  LanguageModel,
  PackedInputs,
  Params,
  TokenLogps,
  TokenLogpsOptions,
} from './model/types.js';
export { adapterTokenizerFiles } from './tokenizer/adapter-tokenizer.js';
export type { BatchEncoder } from './tokenizer/batch-encoder.js';
export type { Chat } from './tokenizer/chat.js';
export { forModel } from './tokenizer/for-model.js';
export { createTokenizer, type ModelTokenizer } from './tokenizer/tokenizer.js';
