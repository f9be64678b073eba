import { DpoError, type PromptGroup } from '@dpo/base';
import { tokenDivergences } from '@dpo/models';
import { type BatchOptions, overBatches, tokensByAnswer } from './_over-batches.js';
import { type DistributionModel, parameters } from './model.js';

/** The distance of a policy from its reference along one answer: a number to each of the answer's tokens, in nats. */
export interface AnswerDivergence {
  /** KL(π(·|s_t) ‖ π_ref(·|s_t)) over the whole vocabulary, in the state before each token: 0 or more. */
  readonly exact: Float32Array;
  /** log π(y_t|s_t) − log π_ref(y_t|s_t) of the token that follows the state. */
  readonly sampled: Float32Array;
}

/** How {@link answerDivergences} computes. */
export interface DivergenceOptions extends BatchOptions {
  /** False leaves the reference's adapter out. Give the policy as the reference too, to compare it with its own base. Default true. */
  readonly referenceAdapter?: boolean | undefined;
}

/**
 * The divergence of a policy from its reference along answers that were drawn from the policy: result[g][a]. Both sums
 *
 *     Σ_t KL(π(·|s_t) ‖ π_ref(·|s_t))        Σ_t [ log π(y_t|s_t) − log π_ref(y_t|s_t) ]
 *
 * have the KL(π ‖ π_ref) of whole answers as their mean over answers drawn at temperature 1. The first sum is never negative,
 * and does not vary more in the long run: each of its terms is the mean of the second's term over all tokens (Rao–Blackwell).
 * The states include the state before the end token. Both models read each batch once; logits are computed in pieces.
 *
 * Source: Amini et al. 2025, "Better Estimation of the KL Divergence Between Language Models" (arXiv 2504.10637).
 *
 * @throws DpoError `kl.other-vocabulary` when the models predict from different numbers of tokens, `kl.other-engine` when
 *   they live in different engines, `model.too-few-positions` when a text is longer than either model reads, and `reference.no-adapter` when `referenceAdapter` is false and the reference has no adapter
 */
export async function answerDivergences(
  policy: DistributionModel,
  reference: DistributionModel,
  groups: readonly PromptGroup[],
  options: DivergenceOptions = {},
): Promise<AnswerDivergence[][]> {
  const { referenceAdapter = true } = options;
  checkComparable(policy, reference, referenceAdapter);
  const result: AnswerDivergence[][] = groups.map(() => []);
  await overBatches([policy, reference], groups, options, {
    name: 'kl',
    outputs: ['kl', 'logRatio'],
    compute: (scope, packed) => {
      const p = policy.answerStates(parameters(policy, scope), packed);
      const q = reference.answerStates(parameters(reference, scope), packed, { adapter: referenceAdapter });
      const { kl, logRatio } = tokenDivergences(p, q, packed.targets);
      return { kl, logRatio };
    },
    onBatch: (batch, packed, { kl, logRatio }) => {
      const sampled = tokensByAnswer(batch, packed, logRatio);
      tokensByAnswer(batch, packed, kl).forEach(({ index, answers }, i) => {
        result[index] = answers.map((exact, a) => ({ exact, sampled: sampled[i]?.answers[a] as Float32Array }));
      });
    },
  });
  return result;
}

function checkComparable(policy: DistributionModel, reference: DistributionModel, referenceAdapter: boolean): void {
  if (policy.vocabSize !== reference.vocabSize)
    throw new DpoError(
      'kl.other-vocabulary',
      `The policy predicts from ${policy.vocabSize} tokens and the reference from ${reference.vocabSize}: their distributions cannot be compared.`,
      {
        values: { policy: policy.vocabSize, reference: reference.vocabSize },
        hint: 'Take as the reference the model that the policy was trained from.',
      },
    );
  if (policy.engine !== reference.engine)
    throw new DpoError('kl.other-engine', 'Policy and reference are in different engines.', {
      hint: 'Load both models into one engine.',
    });
  if (!referenceAdapter && reference.adapter === undefined)
    throw new DpoError(
      'reference.no-adapter',
      'The reference is the model without its adapter, but the model has no adapter.',
      {
        hint: 'Give a reference model instead.',
      },
    );
}
