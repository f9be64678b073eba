import { DpoError } from '@dpo/base';

/** β, and how it follows the KL divergence. */
export interface KlControl {
  /** β of the batch to come. */
  readonly beta: number;
  /** The control after a batch whose answers were so many nats from the reference, on average. */
  after(kl: number): KlControl;
  /** The same control where another run of it was, at that β. */
  startingAt(beta: number): KlControl;
}

/** β stays as it is. */
export function fixedKl(beta: number): KlControl {
  const control: KlControl = {
    beta: checked('beta', beta, beta >= 0),
    after: () => control,
    startingAt: () => control,
  };
  return control;
}

/** What an adaptive β is steered by. */
export interface AdaptiveKlOptions {
  /** β of the first batch. */
  readonly beta: number;
  /** Nats an answer that β steers to. */
  readonly target: number;
  /** Batches in which β at most changes by a factor of about e^0.2. Default 40. */
  readonly horizon?: number | undefined;
}

/** How much of a batch's error counts at most; OpenAI's number. */
const MOST = 0.2;

/**
 * β rises where the policy is further from the reference than wanted, and falls where it is nearer:
 *
 *     e = clip(KL / target − 1, ±0.2)      β ← β (1 + e / horizon)
 *
 * Source: arXiv 1909.08593, section 2.2, whose horizon counts samples; here it counts batches.
 *
 * @throws DpoError `on-policy.out-of-range`
 */
export function adaptiveKl({ beta, target, horizon = 40 }: AdaptiveKlOptions): KlControl {
  checked('beta', beta, beta > 0);
  checked('target', target, target > 0);
  checked('horizon', horizon, horizon >= 1);
  return {
    beta,
    after(kl) {
      const error = Math.min(MOST, Math.max(-MOST, kl / target - 1));
      return adaptiveKl({ beta: beta * (1 + error / horizon), target, horizon });
    },
    startingAt: (before) => adaptiveKl({ beta: before, target, horizon }),
  };
}

function checked(name: string, value: number, fits: boolean): number {
  if (fits && Number.isFinite(value)) return value;
  throw new DpoError('on-policy.out-of-range', `The control of the KL divergence cannot have ${name} = ${value}.`, {
    values: { name, value },
    hint: 'A fixed β is 0 or above; an adaptive one, and its target, are above 0; the horizon is 1 batch or more.',
  });
}
