export type { RunContext } from './context.js';
export { type FrontierConfig, type FrontierResult, frontierRun } from './frontier/frontier-run.js';
export type { FrontierRecipe } from './frontier/recipe.js';
export { type Plan, type PlannedWorkers, planRun } from './plan/plan-run.js';
export { type RlConfig, rlRun } from './rl/rl-run.js';
export { openScorer, type Scorer, type ScorerOptions, type ScoringOptions } from './scoring/open-scorer.js';
export type { RunRecord, RunStart, Sink, SinkOrOpener, StepDetails } from './sinks/sink.js';
export {
  type RewardConfig,
  type RunOptions,
  rewardRun,
  type SftConfig,
  sftRun,
  type TrainConfig,
  trainRun,
} from './train-run.js';
export type { RunResult } from './training/run-rows.js';
export { clusterOf } from './workers/tf-config.js';
