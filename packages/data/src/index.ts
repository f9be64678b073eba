export type { Encoder } from './_encode-each.js';
export type { PlacedRows, RowPlace } from './_encode-place.js';
export type { EncodeOptions } from './_encode-text.js';
export { type FileKind, fileKind } from './_file-kind.js';
export type { MendCode, Mended, ReadNotes } from './_told.js';
export { type Batches, type BatchOptions, batches } from './batches.js';
export type { BuildOptions, PublishedFiles } from './builders/_published.js';
export { buildHh } from './builders/hh.js';
export { buildImdb, type ImdbOptions } from './builders/imdb.js';
export { buildLabelled } from './builders/labelled.js';
export { buildShp, type ShpOptions } from './builders/shp.js';
export { buildTldr, type TldrOptions } from './builders/tldr.js';
export { writeBuiltPreferences } from './builders/write-built.js';
export type { SaidBesides } from './checks/_besides.js';
export type { Finding, FindingCode } from './checks/_tally.js';
export { type ValidateOptions, type Validation, validateDataset } from './checks/validate.js';
export type { ColumnName, LabelledColumnName, RankedColumnName } from './columns.js';
export { isChat, plainText, templateVariables } from './conversation.js';
export { convertPreferences, convertToShape } from './convert.js';
export { type CutSummary, cutSummary, type RowCuts } from './cuts.js';
export { labelledDataset, labelPairs, preferenceDataset, rankedDataset } from './dataset.js';
export { type EncodedPair, type EncodedPrompt, encodePairs, encodePrompts, pairGroup } from './encode.js';
export { type BatchTextEncoder, type EncodeAheadOptions, encodeAhead } from './encode-ahead.js';
export { type EncodedAnswer, type EncodedRanking, encodeAnswers, encodeRankings } from './encode-rows.js';
export { inspectPreferences, type Percentiles, type PreferenceInspection, type Share } from './inspect.js';
export { joinLabelled, joinPreferences, joinRanked } from './join.js';
export { type PackOptions, pack, packLength } from './pack.js';
export { type PackingPlan, type PlanOptions, planPacking } from './plan-packing.js';
export { parsePrompt } from './prompt-row.js';
export { type ReadOptions, readLabelled, readPreferences, readRanked } from './read.js';
export { type FilterOptions, filterPreferences } from './select/filter.js';
export { type MixPart, mixPreferences } from './select/mix.js';
export { type ShapeName, writableShapes } from './shapes/write-shape.js';
export { splitFromPath } from './shards.js';
export { type SplitOptions, splitByPrompt } from './split.js';
export { openTokenCache, type TokenCache, type TokenCacheKey, type TokenCacheOptions } from './token-cache.js';
export type {
  Dataset,
  LabelledAnswer,
  LabelledDataset,
  Message,
  PackedBatch,
  PreferenceDataset,
  PreferencePair,
  PromptGroup,
  PromptRow,
  RankedDataset,
  RankedList,
  TemplateInputs,
  Text,
  TextEncoder_,
} from './types.js';
export { type WriteOptions, writeLabelled, writePreferences, writeRanked } from './write.js';
