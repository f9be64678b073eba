import { DpoError } from '@dpo/base';
import {
  ktoMethod,
  type Method,
  noReference,
  plackettLuceMethod,
  rewardMethod,
  supervisedMethod,
  withWeights,
} from '@dpo/core';
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
import { pairMethod } from './training/pair-method.js';
import { rewardModels, rewardRows } from './training/reward-kind.js';
import { answerRows, type EncodedRow, pairRows, type RowKind, rankingRows } from './training/row-kinds.js';
import { type RunResult, runRows } from './training/run-rows.js';
import { USAGE } from './usage.js';

/** The options of `dpo train`, by their keys. What is left out has its default. */
export type TrainConfig = z.input<typeof trainOptions>;

/** The options of `dpo sft`, by their keys. */
export type SftConfig = z.input<typeof sftOptions>;

/** The options of `dpo reward`, by their keys. */
export type RewardConfig = z.input<typeof rewardOptions>;

/** How a run speaks, where its numbers go, and how it is ended. */
export interface RunOptions extends Partial<RunContext> {
  /** Where records, drawn answers and warnings go besides the files of the run's folder. */
  readonly sinks?: readonly SinkOrOpener[] | undefined;
  /** Called when options and local models are known to be good, before data are read. */
  readonly beforeData?: (() => Promise<void>) | undefined;
  /** The workers that train together, of which this process is one: `clusterOf(process.env.TF_CONFIG)`. Default: it alone. */
  readonly cluster?: Cluster | undefined;
}

/**
 * Trains by preferences, from options to a folder with `config.json`, `metrics.jsonl`, checkpoints, `final/` and `report.html`:
 * what `dpo train` does. The folder is locked meanwhile, and nothing that is not a run's is written over.
 *
 * @throws DpoError `cli.usage` for options, and all that models, data and places can be wrong with
 */
export async function trainRun(config: TrainConfig, options: RunOptions = {}): Promise<RunResult> {
  const given = checkOptions(trainOptions, { ...presets[config.preset ?? ''], ...config });
  return holding({ name: 'train', options: trainOptions }, given, options, (context) =>
    (given.lossType === undefined ? (methodsOfRows[given.method] ?? ofPairs) : ofPairs)(given, options, context),
  );
}

/**
 * Fine-tunes on prompts and chosen answers: what `dpo sft` does. The rest is as in {@link trainRun}.
 *
 * @throws DpoError `cli.usage` for options, and all that models, data and places can be wrong with
 */
export async function sftRun(config: SftConfig, options: RunOptions = {}): Promise<RunResult> {
  const given = checkOptions(sftOptions, config);
  return holding({ name: 'sft', options: sftOptions }, given, options, (context) =>
    runRows(
      {
        ...{ name: 'sft', schema: sftOptions, options: given, rows: pairRows },
        method: supervisedMethod({ averageOver: given.averageOver }),
        reference: async () => ({ train: noReference(), held: undefined }),
      },
      options.sinks ?? [],
      context,
    ),
  );
}

/**
 * Trains a reward model on pairs, as TRL's RewardTrainer does: what `dpo reward` does. `final/` is a `…ForSequenceClassification` folder,
 * or a PEFT adapter with its score head, that transformers and PEFT open. The rest is as in {@link trainRun}.
 *
 * @throws DpoError `cli.usage` for options, and all that models, data and places can be wrong with
 */
export async function rewardRun(config: RewardConfig, options: RunOptions = {}): Promise<RunResult> {
  const given = checkOptions(rewardOptions, config);
  return holding({ name: 'reward', options: rewardOptions }, given, options, (context) =>
    runRows(
      {
        ...{ name: 'reward', schema: rewardOptions, options: given, rows: rewardRows },
        method: rewardMethod({ centre: given.centre }),
        models: rewardModels(given),
        reference: async () => ({ train: noReference(), held: undefined }),
      },
      options.sinks ?? [],
      context,
    ),
  );
}

type Given = z.output<typeof trainOptions>;
type Context = RunContext & Pick<RunOptions, 'beforeData' | 'cluster'>;
type Start = (given: Given, options: RunOptions, context: Context) => Promise<RunResult>;

/** Methods of other rows than pairs, by their names. */
const methodsOfRows: Readonly<Record<string, Start>> = {
  kto: (given, ...rest) => start(answerRows, ktoMethod(given), given, ...rest),
  'plackett-luce': (given, ...rest) => start(rankingRows, plackettLuceMethod({ beta: given.beta }), given, ...rest),
};

const ofPairs: Start = (given, ...rest) => start(pairRows, pairMethod(given), given, ...rest);

async function start<Rows, Row extends EncodedRow>(
  rows: RowKind<Rows, Row>,
  plain: Method<Row>,
  given: Given,
  options: RunOptions,
  context: Context,
): Promise<RunResult> {
  const { rowMargins, rowWeights, evalSamples: count, evalSampleTokens: maxNewTokens, seed } = given;
  const method = rowWeights ? withWeights(plain) : plain;
  if (given.refSyncSteps !== undefined && method.needs.reference === undefined)
    throw new DpoError(USAGE, `${method.name} has no reference that refSyncSteps could move.`);
  return runRows(
    {
      ...{ name: 'train', schema: trainOptions, options: given, rows, method },
      needs: [...(rowMargins ? (['margin'] as const) : []), ...(rowWeights ? (['weight'] as const) : [])],
      draw: count === undefined ? undefined : { count, maxNewTokens, seed },
      beta: method.needs.reference === undefined ? undefined : given.beta,
      reference: (opened) => dpoReference(given, method, opened, context),
    },
    options.sinks ?? [],
    context,
  );
}

/** Does the work while the run's folder is locked and its outputs are known to be free. Only the first worker writes. */
async function holding(
  command: Guarded,
  given: Readonly<Record<string, unknown>>,
  options: RunOptions,
  work: (context: Context) => Promise<RunResult>,
): Promise<RunResult> {
  const { beforeData, cluster } = options;
  const held = (cluster?.rank ?? 0) === 0 ? await holdOutputs(command, given) : undefined;
  try {
    return await work({ ...runContext(options), beforeData, cluster });
  } finally {
    await held?.release();
  }
}
