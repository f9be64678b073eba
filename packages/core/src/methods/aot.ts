import type { EncodedPair } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { type AotOptions, aotLoss, matchRanks } from '../losses/aot-loss.js';
import { DEFAULT_BETA } from '../losses/common.js';
import { type AnswerTensors, defineMethod, type Method, type ScoredExample, type StepView } from '../method.js';
import { type PairTensors, pairAnswers, pairColumns } from './preference.js';
import { pairRecords } from './records.js';

/**
 * AOT on pairs: see {@link aotLoss}. A pair ranks among all pairs of the step, whatever the micro-batches and workers; in an
 * evaluation, among all held-out pairs. To find the ranks, each step computes its log-probabilities once more, without a gradient.
 */
export function aotMethod(options: AotOptions = {}): Method {
  return defineMethod<EncodedPair, keyof typeof pairAnswers>({
    name: 'aot',
    needs: { reference: 'answers', others: true },
    answers: pairAnswers,
    prepare: async (step) => {
      const examples = await step.score();
      const margins = (of: keyof ScoredExample) =>
        examples.map((example) => (example[of].chosen as number) - (example[of].rejected as number));
      const matched = await amongAll(step, [margins('policy'), margins('reference')], ([policy, reference]) =>
        matchRanks(policy, reference),
      );
      return { examples: matched.map((number) => ({ numbers: { matched: number } })) };
    },
    apply: ({ answers, numbers }) => {
      const { chosen, rejected } = answers;
      return {
        losses: aotLoss(tf.sub(chosen.policy, rejected.policy), numbers.matched as tf.Tensor1D, options),
        columns: pairColumns(answers, rewardsOf(answers, options)),
      };
    },
    records: pairRecords,
  });
}

/**
 * AOT on unpaired answers: see {@link aotLoss}. All chosen answers of a step are compared with all rejected ones, whichever pairs
 * they come from. Ranks are found as in {@link aotMethod}.
 */
export function aotUnpairedMethod(options: AotOptions = {}): Method {
  return defineMethod<EncodedPair, keyof typeof pairAnswers>({
    name: 'aot-unpaired',
    needs: { reference: 'answers', others: true },
    answers: pairAnswers,
    prepare: async (step) => {
      const examples = await step.score();
      const ratios = (answer: 'chosen' | 'rejected') =>
        examples.map(({ policy, reference }) => (policy[answer] as number) - (reference[answer] as number));
      const both = [ratios('chosen'), ratios('rejected')] as const;
      const below = await amongAll(step, both, ([chosen, rejected]) => matchRanks(chosen, rejected));
      const above = await amongAll(step, both, ([chosen, rejected]) => matchRanks(rejected, chosen));
      return { examples: below.map((number, i) => ({ numbers: { below: number, above: above[i] } })) };
    },
    apply: ({ answers, numbers }) => {
      const [ofChosen, ofRejected] = [ratioOf(answers.chosen), ratioOf(answers.rejected)];
      const losses = aotLoss(ofChosen, numbers.below as tf.Tensor1D, options);
      // Over a step these losses have the same sum again; only their gradient by the rejected answers is needed.
      const mirrored = aotLoss(numbers.above as tf.Tensor1D, ofRejected, options);
      return {
        losses: tf.add(losses, gradientAlone(mirrored)),
        columns: pairColumns(answers, rewardsOf(answers, options)),
      };
    },
    records: pairRecords,
  });
}

type Both = readonly [readonly number[], readonly number[]];

/** Computes a number to each example from two numbers to each example of all workers, and returns this worker's share. */
async function amongAll(
  { collective }: Pick<StepView<EncodedPair>, 'collective'>,
  [first, second]: Both,
  compute: (all: Both) => readonly number[],
): Promise<readonly number[]> {
  const [firsts, seconds] = [await collective.gather(first), await collective.gather(second)];
  const start = firsts.slice(0, collective.rank).reduce((sum, { length }) => sum + length, 0);
  return compute([firsts.flat(), seconds.flat()]).slice(start, start + first.length);
}

function ratioOf({ policy, reference }: AnswerTensors): tf.Tensor1D {
  return tf.sub(policy, reference);
}

function rewardsOf({ chosen, rejected }: PairTensors, { beta = DEFAULT_BETA }: AotOptions) {
  return {
    chosenRewards: tf.mul<tf.Tensor1D>(ratioOf(chosen), beta),
    rejectedRewards: tf.mul<tf.Tensor1D>(ratioOf(rejected), beta),
  };
}

/** 0, with the gradient of x. */
function gradientAlone(x: tf.Tensor1D): tf.Tensor1D {
  const op = tf.customGrad((x) => ({ value: tf.zerosLike(x as tf.Tensor), gradFunc: (dy: tf.Tensor) => dy }));
  return op(x) as tf.Tensor1D;
}
