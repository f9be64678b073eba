import type { EncodedPair } from '@dpo/base';
import type { Method } from '../method.js';
import { withWeights } from '../methods/with-weights.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import type { Rollout, ScoredAnswer } from './rollout.js';

/**
 * A method of pairs on what the policy writes: of each prompt's samples the one with the highest reward is chosen, the one with
 * the lowest rejected. A prompt whose samples all have the same reward says nothing and counts nothing.
 *
 * Source: online DPO, arXiv 2402.04792, with a reward in the judge's place.
 *
 * @param pairs what is made of pairs, such as `methodNamed('dpo', { beta })`
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
 * @param method `supervisedMethod()`, or another that reads chosen answers
 */
export function bestSamples(method: Method): OnPolicyMethod<EncodedPair> {
  return {
    fewestSamples: 1,
    method,
    examples: (rollouts) => rollouts.map(pairOf),
    dispose: () => undefined,
  };
}

/** The samples with the highest and the lowest reward, of equal ones the first, as a pair. */
function pairOf({ prompt, answers }: Rollout): EncodedPair {
  const [first] = answers as [ScoredAnswer, ...ScoredAnswer[]];
  const pick = (better: (a: number, b: number) => boolean) =>
    answers.reduce((kept, answer) => (better(answer.reward, kept.reward) ? answer : kept), first);
  const [chosen, rejected] = [pick((a, b) => a > b), pick((a, b) => a < b)];
  return {
    prompt,
    chosen: chosen.tokens,
    rejected: rejected.tokens,
    weight: chosen.reward > rejected.reward ? 1 : 0,
  };
}
