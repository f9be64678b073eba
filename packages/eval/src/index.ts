export { bestOfNKl, expectedBest } from './best-of-n.js';
export { buildPairs, type RatedPair, type RatedSample } from './build-pairs.js';
export {
  bestOfN,
  countTexts,
  grownWords,
  type MeasuredSample,
  pairAccuracy,
  type RewardKl,
  rewardKl,
} from './evaluation.js';
export {
  type Evaluation,
  readEvaluation,
  type StoredSample,
  type WordCount,
  writeEvaluation,
} from './evaluation-file.js';
export type { MetricsRecord, ReportData } from './report/data.js';
export { renderReport } from './report/render.js';
export { reportData, writeReport } from './report/write-report.js';
export {
  bootstrapInterval,
  clusteredEstimate,
  difference,
  type Estimate,
  estimate,
  mean,
  type ShareEstimate,
  type Verdict,
  wilson,
  winRate,
} from './statistics.js';
export { vaderReward } from './vader/vader-reward.js';
