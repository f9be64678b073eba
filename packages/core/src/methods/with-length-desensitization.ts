import type { EncodedExample } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { outOfRange } from '../losses/common.js';
import { answersOf, type Method } from '../method.js';
import { decorate } from './combine.js';

/**
 * LD-DPO: the method with less weight on the tokens of longer answers beyond the shortest answer's length, so that length alone
 * wins and loses less:
 *
 *     log π(y|x) = Σ_{t ≤ ℓ} log π(y_t) + α Σ_{t > ℓ} log π(y_t),   ℓ = min(|y_w|, |y_l|)
 *
 * for policy and reference alike. α = 1 is the method itself; α = 0 cuts all answers to one length. The log-probabilities in
 * the records are these sums. Source: arXiv 2409.06411; TRL's `ld_alpha`.
 *
 * @param alpha α in [0, 1]
 * @throws DpoError `loss.out-of-range` when α is outside [0, 1]
 */
export function withLengthDesensitization<E extends EncodedExample>(method: Method<E>, alpha: number): Method<E> {
  if (!(alpha >= 0 && alpha <= 1)) throw outOfRange('ld-dpo', 'α from 0 to 1', { alpha });
  return decorate(method, {
    name: method.name,
    // The tokens of a sum cannot be weighed any more, so that the reference must give each token.
    needs: method.needs.reference === undefined ? {} : { reference: 'tokens' },
    inputs: (example) => {
      const lengths = Object.values(answersOf(method.answers, example)).map(({ length }) => length);
      const shared = Math.min(...lengths);
      return { tokens: { count: lengths.map((length) => new Float32Array(length).fill(1).fill(alpha, shared)) } };
    },
    losses: ({ answers, tokens, ...inputs }, part) => {
      const count = tokens.numbers.count as tf.Tensor1D; // [R]
      const counted = {
        ...tokens,
        policy: tf.mul<tf.Tensor1D>(tokens.policy, count),
        reference: tokens.reference && tf.mul<tf.Tensor1D>(tokens.reference, count),
      };
      const policy = tokens.sum(counted.policy);
      const reference = counted.reference && tokens.sum(counted.reference);
      const weighed = Object.entries(answers).map(([name, answer]) => [
        name,
        { ...answer, policy: policy[name], reference: reference?.[name] ?? answer.reference },
      ]);
      return part.apply({ answers: Object.fromEntries(weighed), tokens: counted, ...inputs }).losses;
    },
  });
}
