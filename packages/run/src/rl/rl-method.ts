import { DpoError, type EncodedExample } from '@dpo/base';
import {
  adamw,
  bestSamples,
  grpo,
  methodNamed,
  type OnPolicyMethod,
  type Optimizer,
  onlinePairs,
  ppo,
  reinforce,
  rloo,
  supervisedMethod,
  withRateRatios,
} from '@dpo/core';
import type { LanguageModel } from '@dpo/models';
import type { z } from 'zod';
import type { rlOptions } from '../options/rl-options.js';
import { optimizerOf } from '../training/prepare.js';
import { USAGE } from '../usage.js';

export type RlOptions = z.output<typeof rlOptions>;

/** A method whose kind of example nobody else needs to know: a run hands the method the examples that the method made. */
type AnyMethod = OnPolicyMethod<never>;

/** A method of `--method`. */
interface MethodEntry {
  /** The fewest answers to a prompt: methods that compare an answer with the prompt's others need two. */
  readonly fewestSamples: number;
  readonly make: (options: RlOptions, model: LanguageModel) => AnyMethod;
}

const as = <E extends EncodedExample>(method: OnPolicyMethod<E>) => method as unknown as AnyMethod;

const clip = ({ clip: low, clipHigh: high = low, maxRatio }: RlOptions) => ({ low, high, maxRatio });

/** The methods by the names that `--method` takes. */
const methods: Readonly<Record<RlOptions['method'], MethodEntry>> = {
  rloo: {
    fewestSamples: 2,
    make: (options) => as(rloo({ ...clip(options), normaliseAdvantages: options.normaliseAdvantages })),
  },
  grpo: {
    fewestSamples: 2,
    make: (options) => {
      const { scaleRewards, lossType, maxNewTokens, klIn: penalty } = options;
      return as(grpo({ ...clip(options), scaleRewards, lossType, maxNewTokens, penalty }));
    },
  },
  reinforce: { fewestSamples: 1, make: (options) => as(reinforce(clip(options))) },
  ppo: {
    fewestSamples: 1,
    make: (options, model) => {
      const { valueWeight, valueClip, lambda } = options;
      const { collective } = model.engine;
      return as(ppo(model, model.config.width, { ...clip(options), valueWeight, valueClip, lambda, collective }));
    },
  },
  'online-dpo': { fewestSamples: 2, make: ({ beta }) => as(onlinePairs(methodNamed('dpo', { beta }))) },
  'rejection-sampling': { fewestSamples: 1, make: () => as(bestSamples(supervisedMethod())) },
};

/** The method that the options name. */
export function rlMethod(options: RlOptions, model: LanguageModel): AnyMethod {
  return methods[options.method].make(options, model);
}

/**
 * Checks the numbers that depend on each other, before anything is opened.
 *
 * @throws {DpoError} `cli.usage` for fewer answers to a prompt than the method compares, for prompts that cannot be divided evenly
 * into minibatches, and for online DPO with a β of 0
 */
export function checkNumbers({ method, samples, promptsPerBatch, minibatches, beta }: RlOptions): void {
  const { fewestSamples } = methods[method];
  if (samples < fewestSamples)
    throw new DpoError(USAGE, `${method} needs at least ${fewestSamples} samples to a prompt, got ${samples}.`, {
      values: { option: 'samples', method, samples },
      hint: 'Draw more samples, or use reinforce or ppo, whose baselines need no others.',
    });
  if (promptsPerBatch % minibatches !== 0)
    throw new DpoError(USAGE, `${promptsPerBatch} prompts cannot be divided evenly into ${minibatches} minibatches.`, {
      values: { option: 'minibatches', promptsPerBatch, minibatches },
      hint: 'Make the prompts of a batch a multiple of its minibatches.',
    });
  if (method === 'online-dpo' && beta === 0)
    throw new DpoError(USAGE, 'With a beta of 0 the loss of online-dpo is the same for all models.', {
      values: { option: 'beta', method, beta },
      hint: 'Give a beta above 0.',
    });
}

/** The optimizer that the options name: AdamW as "The N implementation details of RLHF with PPO" has it. */
export function rlOptimizer(options: RlOptions): Optimizer {
  if (options.optimizer !== 'adamw') return optimizerOf(options);
  const { weightDecay, adamEpsilon: epsilon, loraBRatio: loraB, embeddingRatio: embeddings } = options;
  const epsilonForm = options.method === 'ppo' ? 'tensorflow' : 'torch';
  return withRateRatios(adamw({ weightDecay, epsilon, epsilonForm }), { loraB, embeddings });
}
