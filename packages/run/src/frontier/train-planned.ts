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
import { LEARNED, type PlannedRun, type ResolvedRecipe } from './recipe.js';

/** What a planned run is trained with besides its own options. */
export interface RunGiven {
  readonly recipe: ResolvedRecipe;
  readonly data: SeedData;
  readonly seed: number;
  readonly engine: EngineChoice;
  /** The folder of the seed's reward model. */
  readonly learned: string | undefined;
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
 * Trains what a recipe plans: from the beginning, from the newest whole checkpoint, or not at all where the run is finished.
 *
 * @throws what the training throws; the reason of the context's signal where that ended the training
 */
export async function trainPlanned(
  run: PlannedRun,
  output: string,
  given: RunGiven,
  context: RunContext,
): Promise<void> {
  if (await isThere(join(output, 'final'))) return;
  const { newest } = (await isThere(output)) ? await findWholeCheckpoint(output, context.signal) : {};
  const config = { ...configOf(run, output, given), resume: newest !== undefined, overwrite: newest === undefined };
  const { interrupted } = await start[run.command](config, {
    ...context,
    // What every run says of its model is said once, of the frontier.
    note: () => undefined,
    progress: () => undefined,
    sinks: [{ record: given.onRecord }],
  });
  if (interrupted) context.signal.throwIfAborted();
}

function configOf({ command, options, every }: PlannedRun, output: string, given: RunGiven): object {
  const { recipe, data, seed, engine, learned } = given;
  const { model, loraRank, loraAlpha, maxNewTokens, reward } = recipe;
  const shared = {
    ...engine,
    ...options,
    ...{ model, output, seed, loraRank, loraAlpha, tensorboard: false, saveSteps: every, keepCheckpoints: 1_000_000 },
  };
  if (command !== 'rl') return { ...shared, data: data.pairs, tokenCache: false };
  const asked = options.reward === LEARNED ? learned : (options.reward ?? reward);
  return { ...shared, data: data.prompts, maxNewTokens, reward: asked };
}

/** The folder of a run's weights after a step. */
export async function checkpointOf(output: string, step: number, last: boolean): Promise<string> {
  const checkpoint = join(output, `checkpoint-${step}`);
  return last && !(await isThere(checkpoint)) ? join(output, 'final') : checkpoint;
}
