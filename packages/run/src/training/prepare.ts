import { type Optimizer, type OptimizerName, optimizers, sgd, withRateRatios } from '@dpo/core';
import type { Engine } from '@dpo/engine';
import { addLora, type LanguageModel, type LoraOptions } from '@dpo/models';
import type { RunContext } from '../context.js';
import { type OpenModel, openModel, withAdapter } from '../inputs/open-model.js';

/** The options that decide what is trained. */
export interface PolicyOptions {
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

/** Opens the model to train, with a new or a given LoRA adapter where the options ask for one. */
export async function openPolicy(engine: Engine, options: PolicyOptions, context: RunContext): Promise<OpenModel> {
  const opened = await openModel(engine, options.model, context);
  if (options.adapter !== undefined) return withAdapter(opened, options.adapter);
  if (options.loraRank === undefined) return opened;
  return { ...opened, model: await addLora(opened.model, loraOptions(options, options.loraRank)) };
}

/** A new adapter of this rank as the options describe it. */
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
  const chosen =
    options.optimizer === 'sgd' ? sgd({ momentum, weightDecay }) : optimizers[options.optimizer]({ weightDecay });
  return withRateRatios(chosen, { loraB: options.loraBRatio, embeddings: options.embeddingRatio });
}

/** How many numbers a model holds, and how many of them are trained. */
export function parameterCounts(model: LanguageModel): { readonly parameters: number; readonly trained: number } {
  const count = (variables: Iterable<{ readonly shape: readonly number[] }>) =>
    [...variables].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return { parameters: count(model.weights.values()), trained: count(model.trainable().values()) };
}
