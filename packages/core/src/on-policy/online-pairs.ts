import type { EncodedPair } from '@dpo/base';
import type { Method } from '../method.js';
import { withWeights } from '../methods/with-weights.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import type { Rollout, ScoredAnswer } from './rollout.js';

/**
 * A method of pairs on the policy's own answers: of the samples of a prompt, the sample with the highest reward is chosen and the
 * sample with the lowest reward is rejected. A prompt whose samples all have the same reward has no weight.
 *
 * Source: online DPO, arXiv 2402.04792, with a reward in place of the judge.
 *
 * @param pairs a method of pairs, such as `methodNamed('dpo', { beta })`
 */
export function onlinePairs(pairs: Method): OnPolicyMethod<EncodedPair> {
  return {
    fewestSamples: 2,
    method: withWeights(pairs),
    examples: (rollouts) => rollouts.map(pairOf),
    dispose: () => undefined,
  };
}

/**
 * Rejection-sampling fine-tuning: supervised training on the best of each prompt's samples. Source: RAFT, arXiv 2304.06767.
 *
 * @param method `supervisedMethod()`, or another method that reads chosen answers
 */
export function bestSamples(method: Method): OnPolicyMethod<EncodedPair> {
  return {
    fewestSamples: 1,
    method,
    examples: (rollouts) => rollouts.map(pairOf),
    dispose: () => undefined,
  };
}

/** The samples with the highest and the lowest reward as a pair; of equal rewards the first sample counts. */
function pairOf({ prompt, answers }: Rollout): EncodedPair {
  const [first] = answers as [ScoredAnswer, ...ScoredAnswer[]];
  const pick = (better: (a: number, b: number) => boolean) =>
    answers.reduce((best, answer) => (better(answer.reward, best.reward) ? answer : best), first);
  const [chosen, rejected] = [pick((a, b) => a > b), pick((a, b) => a < b)];
  return {
    prompt,
    chosen: chosen.tokens,
    rejected: rejected.tokens,
    weight: chosen.reward > rejected.reward ? 1 : 0,
  };
}
