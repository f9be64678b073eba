// What loads without Node: `index.ts` adds what reads and writes files.
export type {
  EncodedAnswer,
  EncodedPair,
  EncodedRanking,
  Message,
  PackedBatch,
  PromptGroup,
  TemplateInputs,
  Text,
  TextToEncode,
  Tokenizer,
} from '@dpo/base';
export {
  type Batches,
  type BatchOptions,
  batches,
  type PackingPlan,
  type PackOptions,
  type PlanOptions,
  pack,
  packLength,
  planPacking,
  planPackingSteps,
} from '@dpo/base/packing';
export type { TemplateInputCounts } from './checks/besides.js';
export { inspectPreferences, type Percentiles, type PreferenceInspection, type Share } from './checks/inspect.js';
export type { Finding, FindingCode } from './checks/tally.js';
export { type ValidateOptions, type Validation, validateDataset } from './checks/validate.js';
export { readPreferencesFrom } from './files/read-blob.js';
export type { ReadOptions } from './files/read-file.js';
export type { ColumnName, LabelledColumnName, RankedColumnName } from './rows/columns.js';
export { isChat, plainText, templateVariables } from './rows/conversation.js';
export { labelledDataset, labelPairs, preferenceDataset, rankedDataset } from './rows/dataset.js';
export type { PlacedRows, RowPlace } from './rows/encode-place.js';
export type { Mend, MendCode, ReadNotes } from './rows/notes.js';
export { parsePrompt } from './rows/prompt-row.js';
export type {
  Dataset,
  LabelledAnswer,
  LabelledDataset,
  PreferenceDataset,
  PreferencePair,
  PromptRow,
  RankedDataset,
  RankedList,
} from './rows/types.js';
export { type FilterOptions, filterPreferences } from './select/filter.js';
export { joinLabelled, joinPreferences, joinRanked } from './select/join.js';
export { type MixPart, mixPreferences } from './select/mix.js';
export { type SplitOptions, splitByPrompt } from './select/split.js';
export { type CutSummary, cutSummary, type RowCuts, type RowOrigin } from './tokens/cuts.js';
export { type EncodedPrompt, encodePairs, encodePrompts, pairGroup } from './tokens/encode.js';
export { type BatchTextEncoder, type EncodeAheadOptions, encodeAhead } from './tokens/encode-ahead.js';
export type { Encoder } from './tokens/encode-each.js';
export type { EncodeOptions } from './tokens/encode-options.js';
export { encodeAnswers, encodeGroups, encodeRankings, type PromptWithAnswers } from './tokens/encode-rows.js';
