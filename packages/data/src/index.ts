export { type PackOptions, pack, packLength } from './pack.js';
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
