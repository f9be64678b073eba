import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Method } from '../method.js';

/** One term of a sum of methods. */
export interface WeightedMethod {
  readonly method: Method;
  /** Default 1. */
  readonly weight?: number | undefined;
}

/**
 * Several methods of pairs as one: L = Σ wᵢ Lᵢ, row by row. Supervised fine-tuning may be one of them, which
 * {@link weightedSum} of losses does not know. Rewards in the records are those of the first term that has any.
 * TRL's `loss_type` with several names and `loss_weights` is the same, but for `sft`, which TRL divides by the tokens of a
 * micro-batch.
 *
 * @throws DpoError `loss.out-of-range` for no terms at all, a weight that is not a finite number, or a method whose loss is
 * not a mean over pairs.
 */
export function sumOfMethods(terms: readonly WeightedMethod[]): Method {
  const weights = terms.map(({ weight = 1 }) => weight);
  if (terms.length === 0 || weights.some((weight) => !Number.isFinite(weight)))
    throw new DpoError('loss.out-of-range', 'A weighted sum of losses needs at least one loss, and finite weights.', {
      values: { weights },
    });
  const other = terms.find(({ method }) => method.divisor !== undefined)?.method;
  if (other !== undefined)
    throw new DpoError('loss.out-of-range', `${other.name} is no mean over pairs, which the terms of a sum are.`, {
      values: { method: other.name },
      hint: "supervisedMethod({ averageOver: 'answers' }) is one.",
    });
  const across = terms.flatMap(({ method }) => method.acrossRows ?? []);
  return {
    name: terms.map(({ method }, i) => (weights[i] === 1 ? method.name : `${weights[i]}*${method.name}`)).join('+'),
    sides: ['chosen', 'rejected'],
    needsReference: terms.some(({ method }) => method.needsReference),
    answers: ({ chosen, rejected }) => [chosen, rejected],
    numbers: terms.some(({ method }) => method.numbers !== undefined)
      ? (row) => Object.assign({}, ...terms.map(({ method }) => method.numbers?.(row)))
      : undefined,
    acrossRows:
      across.length === 0
        ? undefined
        : (logps) => {
            const told = across.map((ofTerm) => ofTerm(logps));
            return logps.policy.map((_, row) => Object.assign({}, ...told.map((numbers) => numbers[row])));
          },
    apply: (inputs) => {
      const made = terms.map(({ method }) => method.apply(inputs));
      const { rewards, logps } = made.find((term) => term.rewards !== undefined) ?? {};
      const scaled = made.map(({ losses }, i) => tf.mul<tf.Tensor1D>(losses, weights[i] ?? 1)); // [rows] each
      return { losses: tf.addN(scaled), rewards, logps };
    },
  };
}
