export { type ShareInterval, wilson } from '@dpo/base';
export { type Answer, promptName } from './answers/answer.js';
export { type PairedAnswers, pairAnswers } from './answers/pair-answers.js';
export { answerWords, readAnswers } from './answers/read-answers.js';
export { bestOfNKl, expectedBest } from './best-of-n.js';
export { buildPairs, type RatedPair, type RatedSample } from './build-pairs.js';
export {
  type DrawnText,
  evaluateRewardKl,
  type MeasuredText,
  type PolicyEvaluation,
  type ReferenceScorer,
  type Reward,
  type Sampler,
} from './evaluate.js';
export {
  bestOfN,
  implicitMargins,
  type MeasuredPolicy,
  type MeasuredSample,
  type PairAccuracy,
  type PairLogps,
  pairAccuracy,
  quotedKl,
  type RewardKl,
  rewardGain,
  rewardKl,
} from './evaluation.js';
export {
  type Evaluation,
  type EvaluationSample,
  readEvaluation,
  type WordCount,
  writeEvaluation,
} from './evaluation-file.js';
export type { Cell } from './frontier/cells.js';
export { atEqualKl, type EqualKl, rewardAt } from './frontier/equal-kl.js';
export { type Frontier, type FrontierCell, frontierOf } from './frontier/frontier.js';
export type {
  FrontierBudget,
  FrontierPoint,
  FrontierSample,
  PointEvidence,
  PointKind,
} from './frontier/frontier-point.js';
export { type FrontierRow, frontierRows } from './frontier/frontier-rows.js';
export { cellName, frontierSentences } from './frontier/frontier-sentences.js';
export { bestOfNPoint, measurePoints } from './frontier/measure-points.js';
export { paretoFront } from './frontier/pareto.js';
export { type BesideJudge, besideJudge } from './human/beside-judge.js';
export { alphaBetweenRaters } from './human/between-raters.js';
export { type OpenRaters, type OpenRatersOptions, openRaters } from './human/open-raters.js';
export { type RaterOutcome, raterOutcome } from './human/rater-outcome.js';
export { type PlannedItem, planRater, type RaterPlanOptions } from './human/rater-plan.js';
export type { RaterSession } from './human/rater-session.js';
export type { PageVote, RaterState, SideNames } from './human/rater-state.js';
export { type RescoredPeople, rescoredPeople } from './human/rescored-people.js';
export { type RaterServer, type ServeRatersOptions, serveRaters } from './human/serve-raters.js';
export type { Choice, Mark, Vote, VoteLine } from './human/vote.js';
export { type RaterVotes, readVoteLines, verdictsOfVotes, votesByRater } from './human/votes.js';
export { type Agreement, agreementOf, krippendorffAlpha } from './inference/agreement.js';
export { holm } from './inference/holm.js';
export { promptsToShow, smallestDifference } from './inference/power.js';
export { type PoweredEstimate, predictionPowered } from './inference/prediction-powered.js';
export { type SignTest, signTest } from './inference/sign-test.js';
export { parseAddress } from './judges/chat/address.js';
export { type CacheKeysOptions, cacheKeys } from './judges/chat/cache-keys.js';
export { type ChatJudge, type ChatJudgeOptions, chatJudge } from './judges/chat/chat-judge.js';
export { type CacheExplanation, type CacheMiss, explainCache } from './judges/chat/explain-cache.js';
export type { Manner } from './judges/chat/find-rung.js';
export { type Ledger, ledger } from './judges/chat/ledger.js';
export type { Waiting } from './judges/chat/persistent-ask.js';
export { type Price, readPrice } from './judges/chat/prices.js';
export { type CacheKey, type ReplyCache, replyCache } from './judges/chat/reply-cache.js';
export { type Rung, type RungName, rungNames, rungs } from './judges/chat/rungs.js';
export type { AskOptions, Comparison, Judge, JudgedPair, JudgeReply } from './judges/judge.js';
export { type JudgePairsOptions, type Judging, type JudgingProgress, judgePairs } from './judges/judge-pairs.js';
export { labelInstruction, labelVerdict } from './judges/label-verdict.js';
export { comparisonOf, type Question, type QuestionOptions, questionsOf, verdictHead } from './judges/questions.js';
export { rubrics } from './judges/rubrics.js';
export { type AnswerScorer, scoreJudge } from './judges/score-judge.js';
export { type JudgeTemplate, judgeTemplate } from './judges/template.js';
export type { MetricsRecord, ReportData, RunWarning } from './report/data.js';
export { type DataReport, renderDataReport } from './report/data-report.js';
export { type Figure, figuresCsv, figuresOf, pairsCsv } from './report/figures.js';
export type { FrontierReport } from './report/frontier/frontier-data.js';
export { renderFrontier } from './report/frontier/render-frontier.js';
export { writeFrontier } from './report/frontier/write-frontier.js';
export type { JudgedCase, PairTexts } from './report/judged-case.js';
export { reportData } from './report/read-run.js';
export { renderReport } from './report/render.js';
export { renderComparison } from './report/render-comparison.js';
export { type WinRateEvidence, winRateEvidence } from './report/win-rate-evidence.js';
export { writeComparison, writeReport } from './report/write-report.js';
export { rewardBenchSections, type TiesScore, tiesScore } from './rewards/reward-bench.js';
export { type RewardFigures, rewardFigures, type SubsetFigures } from './rewards/reward-figures.js';
export { type RewardReport, rewardReport, type SubsetReport } from './rewards/reward-report.js';
export type { ScoredAnswer, ScoredComparison } from './rewards/scored-comparison.js';
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
export { distinct } from './texts/distinct.js';
export { selfBleu } from './texts/self-bleu.js';
export { type DrawnTokens, sharedTokens, type TextStatistics, textStatistics } from './texts/text-statistics.js';
export { vaderReward } from './vader/vader-reward.js';
export { appendVerdicts, type VerdictWriter } from './verdicts/append-verdicts.js';
export { readVerdicts, type VerdictFile } from './verdicts/read-verdicts.js';
export { type LostVerdict, type StoredVerdict, scoreOf, type UsableVerdict } from './verdicts/stored-verdict.js';
export { byTemperature, type TemperatureReport } from './winrate/by-temperature.js';
export { comparePolicies, type PolicyComparison } from './winrate/compare-policies.js';
export type { JudgePanel } from './winrate/judge-panel.js';
export { type LengthBias, type LengthBin, lengthBias } from './winrate/length-bias.js';
export { type LengthControl, lengthControl, type PairWithLengths } from './winrate/length-control.js';
export {
  lastVerdicts,
  type PairVerdicts,
  type ScoredPair,
  scoredPairs,
  verdictsByPair,
} from './winrate/pair-scores.js';
export { type Conclusion, type Rate, rateInterval } from './winrate/rate-interval.js';
export { type Rescored, rescored } from './winrate/rescored.js';
export { type Bounds, type WinRateReport, winRateReport } from './winrate/win-rate-report.js';
export { canShow, points, winRateSentence } from './winrate/win-rate-sentence.js';
export { countTexts, grownWords } from './words.js';
