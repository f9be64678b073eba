import { type Optimizer, type OptimizerName, optimizers, sgd, withRateRatios } from '@dpo/core';
import type { Engine } from '@dpo/engine';
import { addLora, type LanguageModel, type LoraOptions } from '@dpo/models';
import type { RunContext } from '../context.js';
import { type FrozenOptions, storageOf } from '../inputs/frozen-storage.js';
import { type OpenModel, openModel, withAdapter } from '../inputs/open-model.js';
import type { RunConfig } from './run-folder.js';

/** The options that decide what is trained; the table of options describes each. */
export interface PolicyOptions extends FrozenOptions {
  readonly model: string;
  readonly adapter?: string | undefined;
  readonly loraRank?: number | undefined;
  readonly loraAlpha?: number | undefined;
  readonly loraTargets?: readonly string[] | undefined;
  readonly loraDropout?: number | undefined;
  readonly rslora?: boolean | undefined;
  readonly dora?: boolean | undefined;
  readonly loraSaveModules?: readonly string[] | undefined;
  readonly seed: number;
}

/**
 * Opens the model to train, with a new LoRA adapter (`loraRank`) or the adapter of a folder (`adapter`).
 *
 * @throws DpoError the errors of `openModel`; `lora.…`
 */
export async function openPolicy(engine: Engine, options: PolicyOptions, context: RunContext): Promise<OpenModel> {
  const { baseDtype } = options;
  const policy = await openModel(engine, options.model, context, { frozen: isFrozen(options), baseDtype });
  if (options.adapter !== undefined) return withAdapter(policy, options.adapter);
  if (options.loraRank === undefined) return policy;
  return { ...policy, model: await addLora(policy.model, loraOptions(options, options.loraRank)) };
}

/** Whether an adapter is trained alone, on a base that stays as it is. */
export function isFrozen({ adapter, loraRank }: Pick<PolicyOptions, 'adapter' | 'loraRank'>): boolean {
  return adapter !== undefined || loraRank !== undefined;
}

/** The options of a new adapter of a rank. */
export function loraOptions(options: PolicyOptions, rank: number): LoraOptions {
  return {
    rank,
    alpha: options.loraAlpha ?? 2 * rank,
    targets: options.loraTargets ?? 'all-linear',
    dropout: options.loraDropout,
    rsLora: options.rslora,
    dora: options.dora,
    modulesToSave: options.loraSaveModules,
    seed: options.seed,
  };
}

/** The optimizer that the options name. */
export function optimizerOf(options: {
  readonly optimizer: OptimizerName;
  readonly weightDecay: number;
  readonly momentum: number;
  readonly loraBRatio: number;
  readonly embeddingRatio: number;
}): Optimizer {
  const { weightDecay, momentum } = options;
  const optimizer =
    options.optimizer === 'sgd' ? sgd({ momentum, weightDecay }) : optimizers[options.optimizer]({ weightDecay });
  return withRateRatios(optimizer, { loraB: options.loraBRatio, embeddings: options.embeddingRatio });
}

/** How many numbers a model holds, how many of them are trained and, with an adapter, how the base is stored. */
export function parameterCounts(model: LanguageModel): Omit<RunConfig['model'], 'name'> {
  const count = (variables: Iterable<{ readonly shape: readonly number[] }>) =>
    [...variables].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return {
    parameters: count(model.weights.values()),
    trained: count(model.trainable().values()),
    ...(model.adapter === undefined ? {} : { baseDtype: storageOf(model) }),
  };
}
