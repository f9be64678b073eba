export { type Batches, type BatchOptions, batches } from './batches.js';
export type { ColumnName, RankedColumnName } from './columns.js';
export { isChat, plainText } from './conversation.js';
export { preferenceDataset, rankedDataset } from './dataset.js';
export {
  type CutSummary,
  cutSummary,
  type EncodedPair,
  type EncodedPrompt,
  type EncodeOptions,
  encodePairs,
  encodePrompts,
  pairGroup,
} from './encode.js';
export { type PackOptions, pack, packLength } from './pack.js';
export { type SplitOptions, splitByPrompt } from './split.js';
export type {
  Dataset,
  Message,
  PackedBatch,
  PreferenceDataset,
  PreferencePair,
  PromptGroup,
  RankedDataset,
  RankedList,
  Text,
  TextEncoder_,
} from './types.js';
