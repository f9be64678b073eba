import type { EncodedAnswer } from '@dpo/base';
import type * as tf from '@tensorflow/tfjs-core';
import { type KtoOptions, ktoKl, ktoLoss } from '../losses/kto-loss.js';
import { defineMethod, type Method } from '../method.js';
import { judgedRecords } from './records.js';

const mismatchedAnswer = { mismatched: ({ mismatched }: EncodedAnswer) => mismatched };

/**
 * KTO on judged answers: see {@link ktoLoss}. The KL divergence is estimated over all examples of a step, whatever the
 * micro-batches and workers, from each prompt with another prompt's answer. The records have the estimate as `kl`.
 */
export function ktoMethod(options: KtoOptions = {}): Method<EncodedAnswer> {
  return defineMethod<EncodedAnswer, 'completion'>({
    name: 'kto',
    needs: { reference: 'answers' },
    answers: { completion: ({ completion }) => completion },
    inputs: ({ desirable }) => ({ numbers: { desirable: desirable ? 1 : 0 } }),
    scoredAnswers: mismatchedAnswer,
    prepare: async ({ score, collective }) => {
      const examples = await score(mismatchedAnswer);
      const ratios = examples.map(
        ({ policy, reference }) => (policy.mismatched as number) - (reference.mismatched as number),
      );
      const kl = ktoKl((await collective.gather(ratios)).flat());
      return { scalars: { kl }, records: { kl } };
    },
    apply: ({ answers: { completion }, numbers, scalars }) => {
      const desirable = numbers.desirable as tf.Tensor1D;
      const { policy, reference } = completion;
      const { losses, rewards } = ktoLoss(policy, reference, desirable, scalars.kl as tf.Scalar, options);
      return { losses, columns: { rewards, logps: policy, desirable } };
    },
    records: judgedRecords,
  });
}
