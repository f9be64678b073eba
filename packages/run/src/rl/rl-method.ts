import type { EncodedExample } from '@dpo/base';
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

export type RlOptions = z.output<typeof rlOptions>;

/** Examples are the method's own affair: a run hands those of one method from its source to that method alone. */
type AnyMethod = OnPolicyMethod<never>;

type Make = (options: RlOptions, model: LanguageModel) => AnyMethod;

const as = <E extends EncodedExample>(method: OnPolicyMethod<E>) => method as unknown as AnyMethod;

const clip = ({ clip: low, clipHigh: high = low, maxRatio }: RlOptions) => ({ low, high, maxRatio });

/** The methods by the names that `--method` takes. */
const methods: Readonly<Record<RlOptions['method'], Make>> = {
  rloo: (options) => as(rloo({ ...clip(options), normaliseAdvantages: options.normaliseAdvantages })),
  grpo: (options) => {
    const { scaleRewards, lossType, maxNewTokens, klIn: penalty } = options;
    return as(grpo({ ...clip(options), scaleRewards, lossType, maxNewTokens, penalty }));
  },
  reinforce: (options) => as(reinforce(clip(options))),
  ppo: (options, model) => {
    const { valueWeight, valueClip, lambda } = options;
    return as(ppo(model, model.config.width, { ...clip(options), valueWeight, valueClip, lambda }));
  },
  'online-dpo': ({ beta }) => as(onlinePairs(methodNamed('dpo', { beta }))),
  'rejection-sampling': () => as(bestSamples(supervisedMethod())),
};

/** The method that the options name. */
export function rlMethod(options: RlOptions, model: LanguageModel): AnyMethod {
  return methods[options.method](options, model);
}

/** The optimizer that the options name: AdamW as "The N implementation details of RLHF with PPO" has it. */
export function rlOptimizer(options: RlOptions): Optimizer {
  if (options.optimizer !== 'adamw') return optimizerOf(options);
  const { weightDecay, adamEpsilon: epsilon, loraBRatio: loraB, embeddingRatio: embeddings } = options;
  const epsilonForm = options.method === 'ppo' ? 'tensorflow' : 'torch';
  return withRateRatios(adamw({ weightDecay, epsilon, epsilonForm }), { loraB, embeddings });
}
