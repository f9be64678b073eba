import * as tf from '@tensorflow/tfjs-core';
import { type AotOptions, aotLoss, matchRanks } from '../losses/aot-loss.js';
import { DEFAULT_BETA } from '../losses/common.js';
import { column, type Method, type MethodInputs, type StepLogps } from '../method.js';

/**
 * AOT on pairs: see {@link aotLoss}. Ranks are those among all rows of a step, whatever its micro-batches, and in an
 * evaluation among all of its rows; for them each step computes its log-probabilities once more without a gradient.
 */
export function aotMethod(options: AotOptions = {}): Method {
  return {
    ...pairs,
    name: 'aot',
    acrossRows: ({ policy, reference }) => {
      const margin = ([chosen = 0, rejected = 0]: readonly number[]) => chosen - rejected;
      return matchRanks(policy.map(margin), reference.map(margin)).map((matched) => ({ matched }));
    },
    apply: ({ policy, reference, numbers }) => ({
      losses: aotLoss(tf.sub(column(policy, 0), column(policy, 1)), numbers.matched as tf.Tensor1D, options),
      rewards: rewardsOf({ policy, reference }, options),
    }),
  };
}

/** The same on answers whose partners do not count: all chosen answers of a step against all rejected ones. */
export function aotUnpairedMethod(options: AotOptions = {}): Method {
  return {
    ...pairs,
    name: 'aot-unpaired',
    acrossRows: (logps) => {
      const [chosen, rejected] = [logRatios(logps, 0), logRatios(logps, 1)];
      const besides = matchRanks(rejected, chosen);
      return matchRanks(chosen, rejected).map((below, row) => ({ below, above: besides[row] as number }));
    },
    apply: ({ policy, reference, numbers }) => {
      const ratios = tf.sub<tf.Tensor2D>(policy, reference); // [rows, 2]
      const ofChosen = aotLoss(column(ratios, 0), numbers.below as tf.Tensor1D, options);
      // The sum over a step is the same once more: only its gradient by the rejected answers is to be added.
      const ofRejected = aotLoss(numbers.above as tf.Tensor1D, column(ratios, 1), options);
      const losses = tf.add<tf.Tensor1D>(ofChosen, gradientAlone(ofRejected));
      return { losses, rewards: rewardsOf({ policy, reference }, options) };
    },
  };
}

const pairs = {
  sides: ['chosen', 'rejected'],
  needsReference: true,
  answers: ({ chosen, rejected }) => [chosen, rejected],
} as const satisfies Partial<Method>;

/** log π − log π_ref of one answer of each row. */
function logRatios({ policy, reference }: StepLogps, k: number): number[] {
  return policy.map((row, i) => (row[k] as number) - (reference[i]?.[k] as number));
}

function rewardsOf({ policy, reference }: Pick<MethodInputs, 'policy' | 'reference'>, { beta }: AotOptions) {
  return tf.mul<tf.Tensor2D>(tf.sub(policy, reference), beta ?? DEFAULT_BETA);
}

/** 0, with the gradient of x. */
function gradientAlone(x: tf.Tensor1D): tf.Tensor1D {
  const op = tf.customGrad((x) => ({ value: tf.zerosLike(x as tf.Tensor), gradFunc: (dy: tf.Tensor) => dy }));
  return op(x) as tf.Tensor1D;
}
