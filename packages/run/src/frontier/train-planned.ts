import { join } from 'node:path';
import { isThere } from '@dpo/base/files';
import { findWholeCheckpoint } from '@dpo/core';
import type { RunContext } from '../context.js';
import type { EngineChoice } from '../options/engine-options.js';
import { type RlConfig, rlRun } from '../rl/rl-run.js';
import type { RunRecord } from '../sinks/sink.js';
import {
  type RewardConfig,
  type RunOptions,
  rewardRun,
  type SftConfig,
  sftRun,
  type TrainConfig,
  trainRun,
} from '../train-run.js';
import type { RunResult } from '../training/run-rows.js';
import type { SeedData } from './pairs-of-seed.js';
import { LEARNED_REWARD, type PlannedRun, type ResolvedRecipe } from './recipe.js';

/** What a planned run trains with, besides its own options. */
export interface TrainPlannedOptions {
  readonly recipe: ResolvedRecipe;
  readonly data: SeedData;
  readonly seed: number;
  readonly engine: EngineChoice;
  /** The folder of the seed's reward model; undefined when the recipe trains no reward model. */
  readonly rewardModel: string | undefined;
  /** Called with each record of the training. */
  readonly onRecord: (record: RunRecord) => void;
}

type Start = (config: object, options: RunOptions) => Promise<RunResult>;

const start: Readonly<Record<PlannedRun['command'], Start>> = {
  train: (config, options) => trainRun(config as TrainConfig, options),
  sft: (config, options) => sftRun(config as SftConfig, options),
  reward: (config, options) => rewardRun(config as RewardConfig, options),
  rl: (config, options) => rlRun(config as RlConfig, options),
};

/**
 * Trains a run of a recipe. A run with a whole checkpoint resumes from the newest one; a finished run is left as it is.
 *
 * @throws what the training throws; the reason of the context's signal, when the signal ended the training
 */
export async function trainPlanned(
  run: PlannedRun,
  output: string,
  options: TrainPlannedOptions,
  context: RunContext,
): Promise<void> {
  if (await isThere(join(output, 'final'))) return;
  const { newest } = (await isThere(output)) ? await findWholeCheckpoint(output, context.signal) : {};
  const config = { ...configOf(run, output, options), resume: newest !== undefined, overwrite: newest === undefined };
  const { interrupted } = await start[run.command](config, {
    ...context,
    // The frontier has one line of progress, and one note of its engine: notes of each run would repeat the same facts.
    note: () => undefined,
    progress: () => undefined,
    sinks: [{ record: options.onRecord }],
  });
  if (interrupted) context.signal.throwIfAborted();
}

function configOf(run: PlannedRun, output: string, settings: TrainPlannedOptions): object {
  const { command, options, every } = run;
  const { recipe, data, seed, engine, rewardModel } = settings;
  const { model, loraRank, loraAlpha, maxNewTokens, reward } = recipe;
  const shared = {
    ...engine,
    ...options,
    ...{ model, output, seed, loraRank, loraAlpha, tensorboard: false, saveSteps: every, keepCheckpoints: 1_000_000 },
  };
  if (command !== 'rl') return { ...shared, data: data.pairs, tokenCache: false };
  const runReward = options.reward === LEARNED_REWARD ? rewardModel : (options.reward ?? reward);
  return { ...shared, data: data.prompts, maxNewTokens, reward: runReward };
}

/** The folder of a run's weights after a step: `checkpoint-N`, or `final` when the last step has no checkpoint. */
export async function checkpointOf(output: string, step: number, isLast: boolean): Promise<string> {
  const checkpoint = join(output, `checkpoint-${step}`);
  return isLast && !(await isThere(checkpoint)) ? join(output, 'final') : checkpoint;
}
