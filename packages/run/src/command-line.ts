/** What a program around `trainRun` needs besides: the tables of options, places, inputs. These names change without notice. */
export type { RunContext } from './context.js';
export { duration, megabytes, plusMinus, short } from './format.js';
export { fetchOptions } from './inputs/fetch-options.js';
export { openData, openRows, withSplit } from './inputs/find-data.js';
export { encodeFor, type LengthOptions } from './inputs/open-data.js';
export { type OpenModel, openModel, openTokenizer } from './inputs/open-model.js';
export { readJsonLines, readPrompts } from './inputs/read-lines.js';
export { collectNotes, mergeNotes, tellNotes } from './inputs/read-notes.js';
export { type SkippedRows, skippedRows } from './inputs/skipped-rows.js';
export { checkTogether } from './options/check-options.js';
export { type EngineChoice, engineOptions, engineSettings } from './options/engine-options.js';
export { frontierOptions } from './options/frontier-options.js';
export { onErrorOption } from './options/on-error.js';
export { option, place } from './options/option.js';
export { optionsTable } from './options/options-table.js';
export { rewardOptions } from './options/reward-options.js';
export { rlOptions } from './options/rl-options.js';
export { camel, type OptionInfo, optionsOf } from './options/schema.js';
export { sftOptions } from './options/sft-options.js';
export { stopSchema } from './options/stop-option.js';
export { presets, trainOptions } from './options/train-options.js';
export { clearRun } from './places/clear-run.js';
export { holdOutputs } from './places/hold-outputs.js';
export { runIn } from './places/own-run.js';
export {
  namesScorer,
  openScorer,
  type Scorer,
  type ScorerOptions,
  type ScoringOptions,
} from './scoring/open-scorer.js';
export { header, heldOutOpenings, trainOpenings } from './texts/openings.js';
export { packTightly } from './texts/pack-tightly.js';
export { sampleDivergences } from './texts/sample-divergences.js';
export { type SampleOptions, sampleTexts, type TextSample } from './texts/sample-texts.js';
export { parameterCounts } from './training/prepare.js';
export { findResumption } from './training/resumption.js';
export type { RunConfig } from './training/run-folder.js';
export { runTraining } from './training/run-training.js';
export { USAGE } from './usage.js';
export { type SharedWork, withWorkers } from './workers/with-workers.js';
