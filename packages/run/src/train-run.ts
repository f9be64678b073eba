import { DpoError } from '@dpo/base';
import { type Method, noReference, rewardMethod, supervisedMethod } from '@dpo/core';
import type { Cluster } from '@dpo/engine';
import type { z } from 'zod';
import { type RunContext, runContext } from './context.js';
import { checkOptions } from './options/check-options.js';
import { rewardOptions } from './options/reward-options.js';
import { sftOptions } from './options/sft-options.js';
import { presets, trainOptions } from './options/train-options.js';
import { type Guarded, holdOutputs } from './places/hold-outputs.js';
import type { SinkOrOpener } from './sinks/sink.js';
import { dpoReference } from './training/dpo-reference.js';
import { methodOfRows, type TrainSettings } from './training/method-of-rows.js';
import { rewardModels, rewardRows } from './training/reward-kind.js';
import { type DataExample, pairRows, type RowKind } from './training/row-kinds.js';
import { type RunResult, runRows } from './training/run-rows.js';
import { USAGE } from './usage.js';

/** The options of `dpo train`, by their keys. An option that is left out has its default. */
export type TrainConfig = z.input<typeof trainOptions>;

/** The options of `dpo sft`, by their keys. */
export type SftConfig = z.input<typeof sftOptions>;

/** The options of `dpo reward`, by their keys. */
export type RewardConfig = z.input<typeof rewardOptions>;

/** How a run reports what it does, where its numbers go, and how a caller ends it. */
export interface RunOptions extends Partial<RunContext> {
  /** Where records, drawn answers and warnings go besides the files of the run's folder. */
  readonly sinks?: readonly SinkOrOpener[] | undefined;
  /** Called when options and local models are known to be good, before data are read. */
  readonly beforeData?: (() => Promise<void>) | undefined;
  /** The workers that train together, this process among them: `clusterOf(process.env.TF_CONFIG)`. Default: this process alone. */
  readonly cluster?: Cluster | undefined;
}

/**
 * Trains by preferences, from options to a folder with `config.json`, `metrics.jsonl`, checkpoints, `final/` and `report.html`:
 * what `dpo train` does. The folder is locked meanwhile. Only files of a run are written over.
 *
 * @throws DpoError `cli.usage` for options; the errors of models, data and places
 */
export async function trainRun(config: TrainConfig, options: RunOptions = {}): Promise<RunResult> {
  const settings = checkOptions(trainOptions, { ...presets[config.preset ?? ''], ...config });
  return withOutputs({ name: 'train', options: trainOptions }, settings, options, (context) =>
    methodOfRows(settings, (rows, method) => startRun(rows, method, settings, options, context)),
  );
}

/**
 * Fine-tunes on prompts and chosen answers: what `dpo sft` does. The rest is as in {@link trainRun}.
 *
 * @throws DpoError `cli.usage` for options; the errors of models, data and places
 */
export async function sftRun(config: SftConfig, options: RunOptions = {}): Promise<RunResult> {
  const settings = checkOptions(sftOptions, config);
  return withOutputs({ name: 'sft', options: sftOptions }, settings, options, (context) =>
    runRows(
      {
        ...{ name: 'sft', schema: sftOptions, options: settings, rows: pairRows },
        method: supervisedMethod({ averageOver: settings.averageOver }),
        reference: async () => ({ train: noReference(), heldOut: undefined }),
      },
      options.sinks ?? [],
      context,
    ),
  );
}

/**
 * Trains a reward model on pairs, as TRL's RewardTrainer does: what `dpo reward` does. `final/` is a `…ForSequenceClassification` folder,
 * or a PEFT adapter with its score head; transformers and PEFT open both. The rest is as in {@link trainRun}.
 *
 * @throws DpoError `cli.usage` for options; the errors of models, data and places
 */
export async function rewardRun(config: RewardConfig, options: RunOptions = {}): Promise<RunResult> {
  const settings = checkOptions(rewardOptions, config);
  return withOutputs({ name: 'reward', options: rewardOptions }, settings, options, (context) =>
    runRows(
      {
        ...{ name: 'reward', schema: rewardOptions, options: settings, rows: rewardRows },
        method: rewardMethod({ centre: settings.centre }),
        models: rewardModels(settings),
        reference: async () => ({ train: noReference(), heldOut: undefined }),
      },
      options.sinks ?? [],
      context,
    ),
  );
}

/** The context of a run whose outputs are held. */
export type HeldContext = RunContext & Pick<RunOptions, 'beforeData' | 'cluster'>;

async function startRun<Row, Example extends DataExample>(
  rows: RowKind<Row, Example>,
  method: Method<Example>,
  settings: TrainSettings,
  options: RunOptions,
  context: HeldContext,
): Promise<RunResult> {
  const { rowMargins, rowWeights, evalSamples: count, evalSampleTokens: maxNewTokens, seed } = settings;
  if (settings.refSyncSteps !== undefined && method.needs.reference === undefined)
    throw new DpoError(USAGE, `${method.name} has no reference that refSyncSteps could move.`);
  return runRows(
    {
      ...{ name: 'train', schema: trainOptions, options: settings, rows, method },
      needs: [...(rowMargins ? (['margin'] as const) : []), ...(rowWeights ? (['weight'] as const) : [])],
      draw: count === undefined ? undefined : { count, maxNewTokens, seed },
      beta: method.needs.reference === undefined ? undefined : settings.beta,
      reference: (inputs) => dpoReference(settings, method, inputs, context),
    },
    options.sinks ?? [],
    context,
  );
}

/** Does the work while the run's folder is locked and its outputs are known to be free. Only the first worker writes. */
export async function withOutputs(
  command: Guarded,
  settings: Readonly<Record<string, unknown>>,
  options: RunOptions,
  work: (context: HeldContext) => Promise<RunResult>,
): Promise<RunResult> {
  const { beforeData, cluster } = options;
  const outputs = (cluster?.rank ?? 0) === 0 ? await holdOutputs(command, settings) : undefined;
  try {
    return await work({ ...runContext(options), beforeData, cluster });
  } finally {
    await outputs?.release();
  }
}
