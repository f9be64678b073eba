import { DpoError } from '@dpo/base';

/** β, and how β follows the KL divergence. */
export interface KlControl {
  /** β of the batch to come. */
  readonly beta: number;
  /** The control after a batch, given its KL divergence from the reference in nats an answer. */
  after(kl: number): KlControl;
  /** The same control at the β that a checkpoint has. */
  startingAt(beta: number): KlControl;
}

/**
 * β stays as it is.
 *
 * @throws {DpoError} `on-policy.out-of-range` when β is below 0 or no finite number
 */
export function fixedKl(beta: number): KlControl {
  const control: KlControl = {
    beta: inRange('beta', beta, beta >= 0),
    after: () => control,
    startingAt: () => control,
  };
  return control;
}

/** Options of {@link adaptiveKl}. */
export interface AdaptiveKlOptions {
  /** β of the first batch. */
  readonly beta: number;
  /** The KL divergence that β is steered to, in nats an answer. */
  readonly target: number;
  /** Batches in which β changes by a factor of about e^0.2 at most. Default 40. */
  readonly horizon?: number | undefined;
}

/** The largest error of a batch that counts; OpenAI's number. */
const MOST = 0.2;

/**
 * β rises when the policy is further from the reference than the target says, and falls when the policy is nearer:
 *
 *     e = clip(KL / target − 1, ±0.2)      β ← β (1 + e / horizon)
 *
 * Source: arXiv 1909.08593, section 2.2. The paper's horizon counts samples; this one counts batches.
 *
 * @throws {DpoError} `on-policy.out-of-range` when β or the target is not above 0, or the horizon is below 1
 */
export function adaptiveKl({ beta, target, horizon = 40 }: AdaptiveKlOptions): KlControl {
  inRange('beta', beta, beta > 0);
  inRange('target', target, target > 0);
  inRange('horizon', horizon, horizon >= 1);
  return {
    beta,
    after(kl) {
      const error = Math.min(MOST, Math.max(-MOST, kl / target - 1));
      return adaptiveKl({ beta: beta * (1 + error / horizon), target, horizon });
    },
    startingAt: (start) => adaptiveKl({ beta: start, target, horizon }),
  };
}

/** A number, when it fits. */
function inRange(name: string, value: number, fits: boolean): number {
  if (fits && Number.isFinite(value)) return value;
  throw new DpoError('on-policy.out-of-range', `The control of the KL divergence cannot have ${name} = ${value}.`, {
    values: { name, value },
    hint: 'A fixed β is 0 or above. An adaptive β and its target are above 0, and the horizon is 1 batch or more.',
  });
}
