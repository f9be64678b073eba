import type { EncodedExample } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Answers, ExampleInputs, MethodInputs, Prepared, StepView } from '../method.js';
import type { RolloutFacts } from './on-policy-method.js';
import type { Rollout } from './rollout.js';

/** A rollout with the numbers that a policy gradient is made of. */
export interface RolloutExample extends EncodedExample, RolloutFacts {
  readonly answers: readonly Int32Array[];
  /** Numbers of the answers, one to each, by name. */
  readonly ofAnswers: Readonly<Record<string, readonly number[]>>;
  /** Numbers of the tokens, a list to each answer, by name; `drawn` is log π_old. */
  readonly ofTokens: Readonly<Record<string, readonly Float32Array[]>>;
}

/** The example of a rollout; log π_old, and that its tokens are `real` ones, are among its numbers. */
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
      drawn: answers.map(({ logps }) => logps),
      real: answers.map(({ tokens }) => new Float32Array(tokens.length).fill(1)),
      ...numbers.ofTokens,
    },
  };
}

/** What every policy gradient reads of its examples: answers under their numbers from 1, and all their numbers. */
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

/** A number to each answer, [N, K], by the name that the example gave it. */
export function ofAnswers({ numbers, answers }: Pick<MethodInputs, 'numbers' | 'answers'>, name: string): tf.Tensor2D {
  const columns = Object.keys(answers).map((_, k) => numbers[`${name} ${k + 1}`] as tf.Tensor1D);
  return tf.stack(columns, 1) as tf.Tensor2D;
}

/** A number to each token, [R], by the name that the example gave it. */
export function ofTokens({ tokens }: Pick<MethodInputs, 'tokens'>, name: string): tf.Tensor1D {
  return tokens.numbers[name] as tf.Tensor1D;
}

/** A number to each token summed over each answer, [R] → [N, K]. */
export function answerTotals({ tokens }: Pick<MethodInputs, 'tokens'>, values: tf.Tensor1D): tf.Tensor2D {
  return tf.stack(Object.values(tokens.sum(values)), 1) as tf.Tensor2D;
}

/** Tokens of each answer, at least 1: [N, K]. */
export function answerLengths({ answers }: Pick<MethodInputs, 'answers'>): tf.Tensor2D {
  const lengths = Object.values(answers).map((answer) => answer.lengths);
  return tf.maximum(tf.stack(lengths, 1) as tf.Tensor2D, 1);
}

/**
 * log π of each token, [R], and 0 where the packed batch is only filled: what fills it may be so unlikely that a ratio of it is
 * infinite, which would make the gradient no number.
 */
export function policyLogps(inputs: Pick<MethodInputs, 'tokens'>): tf.Tensor1D {
  const real = ofTokens(inputs, 'real');
  return tf.where(tf.greater(real, 0.5), inputs.tokens.policy, tf.zerosLike(real));
}

/**
 * log π − log π_old of each token, [R]. While the weights are still those that drew the answers it is exactly 0, with the
 * gradient of log π: what generation and the training step round differently then changes nothing.
 */
export function logRatios(inputs: Pick<MethodInputs, 'tokens' | 'scalars'>): tf.Tensor1D {
  const [policy, drawn] = [policyLogps(inputs), ofTokens(inputs, 'drawn')];
  // Nothing that is compared may depend on the policy: comparisons have no gradient.
  const fresh = tf.greater(tf.add(tf.zerosLike(drawn), inputs.scalars.fresh as tf.Scalar), 0.5);
  const old = tf.where<tf.Tensor1D>(fresh, withoutGradient(policy), drawn);
  return tf.sub(policy, old);
}

/** The same numbers, through which no gradient goes. */
function withoutGradient(values: tf.Tensor1D): tf.Tensor1D {
  const constant = tf.customGrad((given) => ({
    value: tf.clone(given as tf.Tensor1D),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return constant(values) as tf.Tensor1D;
}
