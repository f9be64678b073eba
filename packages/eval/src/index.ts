export { type ShareInterval, wilson } from '@dpo/base';
export { bestOfNKl, expectedBest } from './best-of-n.js';
export { buildPairs, type RatedPair, type RatedSample } from './build-pairs.js';
export {
  type DrawnText,
  evaluateRewardKl,
  type Measured,
  type PolicyEvaluation,
  type ReferenceScorer,
  type Reward,
  type Sampler,
} from './evaluate.js';
export {
  bestOfN,
  implicitMargins,
  type MeasuredSample,
  type PairAccuracy,
  type PairLogps,
  pairAccuracy,
  type RewardKl,
  rewardGain,
  rewardKl,
} from './evaluation.js';
export {
  type Evaluation,
  readEvaluation,
  type StoredSample,
  type WordCount,
  writeEvaluation,
} from './evaluation-file.js';
export type { Comparison, Judge } from './judge.js';
export type { MetricsRecord, ReportData } from './report/data.js';
export { type DataReport, renderDataReport } from './report/data-report.js';
export { renderReport } from './report/render.js';
export { reportData, writeReport } from './report/write-report.js';
export {
  bootstrapInterval,
  type ClusteredEstimate,
  clusteredEstimate,
  difference,
  type Estimate,
  estimate,
  mean,
  pairedDifference,
  type ShareEstimate,
  type Verdict,
  winRate,
} from './statistics.js';
export { vaderReward } from './vader/vader-reward.js';
export { countTexts, grownWords } from './words.js';
