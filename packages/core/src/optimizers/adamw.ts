import * as tf from '@tensorflow/tfjs-core';
import { within } from './_settings.js';
import { decays, type Optimizer } from './types.js';

/** Settings of {@link adamw}. */
export interface AdamWOptions {
  /** β₁: the share of the old mean of gradients, in [0, 1). Default 0.9. */
  readonly beta1?: number | undefined;
  /** β₂: the share of the old mean of squares, in [0, 1). Default 0.999. */
  readonly beta2?: number | undefined;
  /** ε: added to the root. Default 1e-8. */
  readonly epsilon?: number | undefined;
  /** Where ε stands: beside the corrected √v̂ as in PyTorch, or beside √v itself as in TensorFlow. Default `torch`. */
  readonly epsilonForm?: 'torch' | 'tensorflow' | undefined;
  /** λ: the decoupled weight decay of matrices. Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * AdamW, as `torch.optim.AdamW` computes it, with weight decay on matrices only:
 *
 *     m ← β₁ m + (1−β₁) g      v ← β₂ v + (1−β₂) g²
 *     w ← w (1 − η λ) − η · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + ε)
 *
 * The bias corrections are folded into scalars, so that the engine updates in place:
 * rate = η √(1−β₂ᵗ) / (1−β₁ᵗ), ε̂ = ε √(1−β₂ᵗ), decay = η λ. TensorFlow's form has ε̂ = ε, outside of the bias correction. Early
 * updates are then smaller, which "The N implementation details of RLHF with PPO" found to matter.
 *
 * Source: arXiv 1711.05101; TensorFlow's form: arXiv 1412.6980, end of section 2. Defaults: β₁ 0.9, β₂ 0.999, ε 1e-8, λ 0.
 *
 * @throws DpoError `optimizer.out-of-range` when a setting is out of its range
 */
export function adamw(options: AdamWOptions = {}): Optimizer {
  const beta1 = within('beta1', options.beta1 ?? 0.9, 0, 1);
  const beta2 = within('beta2', options.beta2 ?? 0.999, 0, 1);
  const epsilon = within('epsilon', options.epsilon ?? 1e-8, 0, Number.POSITIVE_INFINITY);
  const weightDecay = within('weightDecay', options.weightDecay ?? 0, 0, Number.POSITIVE_INFINITY);
  const asTensorFlow = options.epsilonForm === 'tensorflow';
  return {
    name: 'adamw',
    settings: { beta1, beta2, epsilon, weightDecay, ...(asTensorFlow ? { epsilonOutsideCorrection: true } : {}) },
    slots: ['exp_avg', 'exp_avg_sq'],
    byNumber: true,
    scalars: (learningRate, t) => {
      const root = Math.sqrt(1 - beta2 ** t);
      return {
        rate: (learningRate * root) / (1 - beta1 ** t),
        epsilon: asTensorFlow ? epsilon : epsilon * root,
        decay: learningRate * weightDecay,
      };
    },
    update: (scope, { variable, gradient, slots, scalars, gate }) => {
      scope.applyAdam({
        variable,
        m: slots.exp_avg as typeof variable,
        v: slots.exp_avg_sq as typeof variable,
        gradient,
        rate: tf.mul(scalars.rate as tf.Tensor, gate),
        epsilon: scalars.epsilon as tf.Tensor,
        beta1,
        beta2,
        decay: weightDecay > 0 && decays(variable) ? tf.mul(scalars.decay as tf.Tensor, gate) : undefined,
      });
    },
  };
}
