import { DpoError, type PromptGroup } from '@dpo/base';
import { tokenDivergences } from '@dpo/models';
import { type BatchOptions, overBatches, tokensByAnswer } from './_over-batches.js';
import { type DistributionModel, parameters } from './model.js';

/** How far a policy is from its reference along one answer, a number to each of the answer's tokens, in nats. */
export interface AnswerDivergence {
  /** KL(π(·|s_t) ‖ π_ref(·|s_t)) over the whole vocabulary, in the state before each token: 0 or more. */
  readonly exact: Float32Array;
  /** log π(y_t|s_t) − log π_ref(y_t|s_t) of the token that follows the state. */
  readonly sampled: Float32Array;
}

export interface DivergenceOptions extends BatchOptions {
  /** False takes the reference without its adapter: give the policy as the reference, too, where that is what it is. */
  readonly referenceAdapter?: boolean | undefined;
}

/**
 * The divergence of a policy from its reference along answers that were drawn from the policy: result[g][a]. Both sums
 *
 *     Σ_t KL(π(·|s_t) ‖ π_ref(·|s_t))        Σ_t [ log π(y_t|s_t) − log π_ref(y_t|s_t) ]
 *
 * have as their mean over answers drawn at temperature 1 the KL(π ‖ π_ref) of whole answers. The first is never negative, and
 * never varies more in the long run: each of its terms is the mean of the second's over all tokens (Rao–Blackwell). The states
 * include the one that the end token was drawn in. Both models read each batch once; logits are made in pieces.
 *
 * Source: Amini et al. 2025, "Better Estimation of the KL Divergence Between Language Models" (arXiv 2504.10637).
 *
 * @throws DpoError `kl.other-vocabulary` when the models predict from different numbers of tokens, `kl.other-engine` when
 *   they live in different engines, and `reference.no-adapter` when there is none to leave out
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
  await overBatches(policy.engine, groups, options, {
    name: 'kl',
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
    throw new DpoError('reference.no-adapter', 'The reference is the model without its adapter, but it has none.', {
      hint: 'Give a reference model instead.',
    });
}
