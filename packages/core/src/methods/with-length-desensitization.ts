import { outOfRange } from '../losses/common.js';
import type { Method } from '../method.js';

/**
 * LD-DPO: the same method of pairs with what the longer answer has beyond the shorter one's length counted less, so that
 * length alone wins and loses less:
 *
 *     log π(y|x) = Σ_{t ≤ ℓ} log π(y_t) + α Σ_{t > ℓ} log π(y_t),   ℓ = min(|y_w|, |y_l|)
 *
 * for policy and reference alike. α = 1 is the method itself, α = 0 cuts both answers to one length. Log-probabilities in
 * the records are these sums. Source: arXiv 2409.06411; TRL's `ld_alpha`.
 *
 * @param alpha in [0, 1]
 * @throws DpoError `loss.out-of-range`.
 */
export function withLengthDesensitization(method: Method, alpha: number): Method {
  if (!(alpha >= 0 && alpha <= 1)) throw outOfRange('ld-dpo', 'α from 0 to 1', { alpha });
  return {
    ...method,
    tokenWeights: (answers) => {
      const shared = Math.min(...answers.map(({ length }) => length));
      return answers.map(({ length }) => new Float32Array(length).fill(1).fill(alpha, shared));
    },
  };
}
