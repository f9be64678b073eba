// The part of the package that loads without Node. `index.ts` adds the functions that read and write files.

export { alone, type Collective } from '@dpo/engine';
export { type AnswerDivergence, answerDivergences, type DivergenceOptions } from './answer-divergences.js';
export { type CutAnswer, countEndless, watchAnswers } from './answer-warnings.js';
export { chosenBatches, type OfflineOptions, offlineBatches } from './batches/offline.js';
export type { PackingOptions } from './batches/packing.js';
export { checkShares } from './batches/share.js';
export type { Batch, BatchSource } from './batches/source.js';
export {
  type ByteDirectory,
  type ByteFiles,
  byteCheckpoints,
  directoryFiles,
  memoryFiles,
} from './byte-checkpoints.js';
export { checkPositions, positionsOf } from './check-positions.js';
export type { CheckpointOptions, CheckpointSettings, FolderCheckpoints, StoreCheckpoints } from './checkpoint.js';
export type { CheckpointState, TrainingState } from './checkpoint-state.js';
export type {
  CheckpointContents,
  CheckpointPart,
  CheckpointStore,
  NamedCheckpoint,
  OpenCheckpoint,
  SavedTensors,
  TensorToSave,
} from './checkpoint-store.js';
export type { EvaluationOptions } from './evaluation.js';
export { type AotOptions, aotLoss, matchRanks } from './losses/aot-loss.js';
export { type KtoOptions, ktoKl, ktoLoss } from './losses/kto-loss.js';
export { plackettLuceLoss } from './losses/plackett-luce-loss.js';
export {
  type LossEntry,
  type PreferenceLossName,
  preferenceLoss,
  preferenceLosses,
  rowLosses,
  stepLosses,
} from './losses/registry.js';
export type { LossOptions, PairLosses, PreferenceLoss } from './losses/types.js';
export { type WeightedLoss, weightedSum } from './losses/weighted-sum.js';
export {
  type AnswerReader,
  type Answers,
  type AnswerTensors,
  answersOf,
  type Columns,
  defineMethod,
  type ExampleInputs,
  type KeptState,
  type Method,
  type MethodDefinition,
  type MethodInputs,
  type MethodTerms,
  type Needs,
  type Prepared,
  type ScoredExample,
  type StepView,
  type TokenTensors,
} from './method.js';
export { aotMethod, aotUnpairedMethod } from './methods/aot.js';
export { type Combination, combine, type Decoration, decorate, type Part } from './methods/combine.js';
export { ktoMethod } from './methods/kto.js';
export { type MethodName, methodNamed, methodNames } from './methods/method-named.js';
export { plackettLuceMethod } from './methods/plackett-luce.js';
export { type MethodOptions, type PreferenceMethodOptions, preferenceMethod } from './methods/preference.js';
export { judgedRecords, pairRecords } from './methods/records.js';
export { rewardMethod } from './methods/reward.js';
export { sumOfMethods, type WeightedMethod } from './methods/sum-of-methods.js';
export { type SupervisedMean, supervisedMethod } from './methods/supervised.js';
export { withLengthDesensitization } from './methods/with-length-desensitization.js';
export { withPolicyWeights } from './methods/with-policy-weights.js';
export { withWeights } from './methods/with-weights.js';
export type { EvaluationMetrics, StepMetrics } from './metrics.js';
export type { DistributionModel, ScoringModel, ScoringOptions, TrainableModel } from './model.js';
export { type ClippedRatios, clippedRatioLoss, type RatioClip } from './on-policy/clipped-ratio-loss.js';
export { type ClippedValues, clippedValueLoss } from './on-policy/clipped-value-loss.js';
export type { RolloutParts, Sampler, ScoreTokens, UnendedAnswers } from './on-policy/draw-rollouts.js';
export {
  type GaeOptions,
  type GeneralisedAdvantages,
  generalisedAdvantages,
} from './on-policy/generalised-advantages.js';
export { type AdvantageScale, groupAdvantages } from './on-policy/group-advantages.js';
export { type GrpoOptions, grpo, type TokenMean } from './on-policy/grpo.js';
export { type AdaptiveKlOptions, adaptiveKl, fixedKl, type KlControl } from './on-policy/kl-control.js';
export { leaveOneOut } from './on-policy/leave-one-out.js';
export { type OnPolicyOptions, onPolicyBatches } from './on-policy/on-policy-batches.js';
export type { OnPolicyMethod, RolloutFacts } from './on-policy/on-policy-method.js';
export { bestSamples, onlinePairs } from './on-policy/online-pairs.js';
export { answerKl, penalisedRewards, rewardsToGo, type TokenRatios, tokenKl } from './on-policy/penalised-rewards.js';
export { type PpoOptions, ppo } from './on-policy/ppo.js';
export { k3Penalty } from './on-policy/reference-penalty.js';
export { type ReinforceOptions, reinforce } from './on-policy/reinforce.js';
export { askReward, type Reward, type RewardRequest } from './on-policy/reward.js';
export { type PromptReward, type RewardByPromptOptions, rewardByPrompt } from './on-policy/reward-by-prompt.js';
export { type RlooOptions, rloo } from './on-policy/rloo.js';
export type { DrawnAnswer, Rollout, ScoredAnswer } from './on-policy/rollout.js';
export type { RolloutExample } from './on-policy/rollout-example.js';
export { type WatchOnPolicyOptions, watchOnPolicy } from './on-policy/watch-on-policy.js';
export { whiten } from './on-policy/whiten.js';
export { type AdafactorOptions, adafactor } from './optimizers/adafactor.js';
export { type AdamWOptions, adamw } from './optimizers/adamw.js';
export { clipCoefficient, globalNorm } from './optimizers/clip.js';
export { type LionOptions, lion } from './optimizers/lion.js';
export { type RateRatios, withRateRatios } from './optimizers/rate-ratios.js';
export { type OptimizerName, optimizers } from './optimizers/registry.js';
export { type RmspropOptions, rmsprop } from './optimizers/rmsprop.js';
export {
  type LearningRateOptions,
  learningRates,
  type Schedule,
  type ScheduleName,
  schedules,
} from './optimizers/schedules.js';
export { type SgdOptions, sgd } from './optimizers/sgd.js';
export { type Optimizer, slotShapes, type WeightUpdate } from './optimizers/types.js';
export {
  type MovingReferenceOptions,
  type MovingState,
  movingReference,
  noReference,
  precomputedReference,
  precomputedTokens,
  type Reference,
  type ReferenceLogps,
  type ReferenceNumbers,
  referenceModel,
  withoutAdapter,
} from './reference.js';
export { answerRewards, readAsReward } from './rewards.js';
export { type WatchedRow, watchRows, watchRowsSteps } from './row-warnings.js';
export { type ScoreOptions, sequenceLogps, tokenLogps } from './score.js';
export type { StepColumns } from './step/outputs.js';
export {
  openLogpScorer,
  openTokenScorer,
  type TokenNumbers,
  type TokenScorer,
  type TokenScorerOptions,
} from './token-scorer.js';
export { type StepRecord, type TrainOptions, train } from './trainer.js';
export { type TrainingWarning, type WatchOptions, watchTraining } from './warnings.js';
