import type { EncodedExample } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Answers, ExampleInputs, MethodInputs, Prepared, StepView } from '../method.js';
import type { RolloutFacts } from './on-policy-method.js';
import type { Rollout } from './rollout.js';

/** A rollout with the numbers that enter a policy gradient. */
export interface RolloutExample extends EncodedExample, RolloutFacts {
  readonly answers: readonly Int32Array[];
  /** A number to each answer, by name. */
  readonly ofAnswers: Readonly<Record<string, readonly number[]>>;
  /** A list of numbers, one to each token, to each answer, by name. `old` is log π_old; `real` is 1 for every token. */
  readonly ofTokens: Readonly<Record<string, readonly Float32Array[]>>;
}

/** The example of a rollout. `old` and `real` are among its numbers of tokens. */
export function exampleOf(
  { prompt, answers }: Rollout,
  { beta, fresh }: RolloutFacts,
  numbers: Partial<Pick<RolloutExample, 'ofAnswers' | 'ofTokens'>>,
): RolloutExample {
  return {
    prompt,
    answers: answers.map(({ tokens }) => tokens),
    beta,
    fresh,
    ofAnswers: numbers.ofAnswers ?? {},
    ofTokens: {
      old: answers.map(({ logps }) => logps),
      real: answers.map(({ tokens }) => new Float32Array(tokens.length).fill(1)),
      ...numbers.ofTokens,
    },
  };
}

/** How every method of policy gradients reads its examples: answers are named from 1 on; all numbers are inputs. */
export const rolloutReader = {
  answers: ({ answers }: RolloutExample): Answers =>
    Object.fromEntries(answers.map((answer, k) => [String(k + 1), answer])),
  inputs: ({ ofAnswers, ofTokens }: RolloutExample): ExampleInputs => ({
    numbers: Object.fromEntries(
      Object.entries(ofAnswers).flatMap(([name, values]) => values.map((value, k) => [`${name} ${k + 1}`, value])),
    ),
    tokens: ofTokens,
  }),
  prepare: async ({ examples }: StepView<RolloutExample>): Promise<Prepared> => ({
    scalars: { beta: examples[0]?.beta ?? 0, fresh: examples[0]?.fresh ? 1 : 0 },
  }),
};

/** The numbers of answers that examples have under a name: [N, K]. */
export function ofAnswers({ numbers, answers }: Pick<MethodInputs, 'numbers' | 'answers'>, name: string): tf.Tensor2D {
  const columns = Object.keys(answers).map((_, k) => numbers[`${name} ${k + 1}`] as tf.Tensor1D);
  return tf.stack(columns, 1) as tf.Tensor2D;
}

/** The numbers of tokens that examples have under a name: [R]. */
export function ofTokens({ tokens }: Pick<MethodInputs, 'tokens'>, name: string): tf.Tensor1D {
  return tokens.numbers[name] as tf.Tensor1D;
}

/** The sum over the tokens of each answer: [R] → [N, K]. */
export function answerTotals({ tokens }: Pick<MethodInputs, 'tokens'>, values: tf.Tensor1D): tf.Tensor2D {
  return tf.stack(Object.values(tokens.sum(values)), 1) as tf.Tensor2D;
}

/** Tokens of each answer, at least 1: [N, K]. */
export function answerLengths({ answers }: Pick<MethodInputs, 'answers'>): tf.Tensor2D {
  const lengths = Object.values(answers).map((answer) => answer.lengths);
  return tf.maximum(tf.stack(lengths, 1) as tf.Tensor2D, 1);
}

/**
 * log π of each token, [R], and 0 for the tokens that only fill the packed batch. A filling token may be so unlikely that its ratio
 * is infinite, and infinity times a gradient of 0 is not a number.
 */
export function policyLogps(inputs: Pick<MethodInputs, 'tokens'>): tf.Tensor1D {
  const real = ofTokens(inputs, 'real');
  return tf.where(tf.greater(real, 0.5), inputs.tokens.policy, tf.zerosLike(real));
}

/**
 * log π − log π_old of each token, [R]. In the first step after sampling the weights are still those that drew the answers: the
 * difference is exactly 0 then, with the gradient of log π, though generation and the training step round differently.
 */
export function logRatios(inputs: Pick<MethodInputs, 'tokens' | 'scalars'>): tf.Tensor1D {
  const [policy, old] = [policyLogps(inputs), ofTokens(inputs, 'old')];
  // Comparisons have no gradient, so that no operand of theirs may depend on the policy.
  const fresh = tf.greater(tf.add(tf.zerosLike(old), inputs.scalars.fresh as tf.Scalar), 0.5);
  return tf.sub(policy, tf.where<tf.Tensor1D>(fresh, withoutGradient(policy), old));
}

/** The same numbers as a constant: no gradient goes through them. */
function withoutGradient(values: tf.Tensor1D): tf.Tensor1D {
  const constant = tf.customGrad((input) => ({
    value: tf.clone(input as tf.Tensor1D),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return constant(values) as tf.Tensor1D;
}
