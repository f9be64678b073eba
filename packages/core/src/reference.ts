import { DpoError } from '@dpo/base';
import type { Scope, Variable } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import type * as tf from '@tensorflow/tfjs-core';
import { parameters, type ScoringModel, type TrainableModel } from './model.js';

/** Log-probabilities that were computed before the run: sums over answers, or one number to each token of each answer. */
export type ReferenceNumbers =
  | { readonly kind: 'answers'; readonly values: readonly (readonly number[])[] } // [N][K]
  | { readonly kind: 'tokens'; readonly values: readonly (readonly ArrayLike<number>[])[] }; // [N][K][tokens]

/** log π_ref of a packed batch: of each token, [R], or of each answer, [S] or [N, K]. Without either, log π_ref is 0 everywhere. */
export interface ReferenceLogps {
  readonly tokens?: tf.Tensor1D | undefined;
  readonly answers?: tf.Tensor | undefined;
}

/** A source of log π_ref: numbers that go into the compiled step with each batch, or a computation inside the step. */
export interface Reference {
  /** The numbers of the answers with these names, for these examples by their numbers in the data. */
  numbers?(request: { readonly indices: readonly number[]; readonly names: readonly string[] }): ReferenceNumbers;
  /** log π_ref of a batch; `numbers` are the result of {@link Reference.numbers} as tensors. For the body of an engine function. */
  logps(
    scope: Scope,
    batch: PackedInputs,
    numbers: { readonly answers?: tf.Tensor2D; readonly tokens?: tf.Tensor1D },
  ): ReferenceLogps;
  /** The weights of a reference that follows the policy, which checkpoints hold too. Absent for one that stays as it is. */
  readonly moving?: MovingState | undefined;
}

/** The weights of a reference that follows the policy, and how far and how often they move. */
export interface MovingState {
  /** α: the policy's share in the new reference. */
  readonly mixup: number;
  /** The reference moves after every so many steps. */
  readonly everySteps: number;
  /** The reference's own weights, by the names of the policy's trainable weights. */
  readonly variables: ReadonlyMap<string, Variable>;
}

/** How far and how often a reference follows the policy. */
export interface MovingReferenceOptions {
  /** α in (0, 1]: the policy's share in the new reference; 1 copies the policy. Default 0.6. */
  readonly mixup?: number | undefined;
  /** The reference moves after every so many steps. Default 512. */
  readonly everySteps?: number | undefined;
}

/**
 * A second model as the reference, which scores each batch inside the step. Its weights stay as they are, and it lives in the
 * policy's engine. For a policy that starts from a trained adapter, take `cloneModel(policy)`, which copies the adapter alone.
 */
export function referenceModel(model: ScoringModel): Reference {
  return {
    logps: (scope, batch) => ({ tokens: model.tokenLogps(parameters(model, scope), batch).logps }),
  };
}

/**
 * The policy without its LoRA adapter as the reference, which costs no memory of its own. With a new adapter, the reference is
 * the policy as it begins. For an adapter that was trained before, see {@link referenceModel}.
 *
 * @throws DpoError `reference.no-adapter` when the model has no adapter
 */
export function withoutAdapter(model: ScoringModel): Reference {
  if (model.adapter === undefined)
    throw new DpoError(
      'reference.no-adapter',
      'The reference is the model without its adapter, but the model has no adapter.',
      {
        hint: 'Add a LoRA adapter, or give a reference model or precomputed log-probabilities.',
      },
    );
  return {
    logps: (scope, batch) => ({
      tokens: model.tokenLogps(parameters(model, scope), batch, { adapter: false }).logps,
    }),
  };
}

/**
 * TR-DPO: a reference that starts as the policy is now and follows the policy after every so many steps:
 *
 *     π_ref ← α π + (1 − α) π_ref,   weight by weight
 *
 * With an adapter, only the adapter's weights are kept twice. The policy must be the model that is trained. Source: arXiv
 * 2404.09656; TRL's `sync_ref_model`, whose defaults these are.
 *
 * @throws DpoError `reference.out-of-range` when α is outside (0, 1], or when the steps are no positive whole number
 */
export async function movingReference(
  policy: TrainableModel,
  { mixup = 0.6, everySteps = 512 }: MovingReferenceOptions = {},
): Promise<Reference> {
  if (!(mixup > 0 && mixup <= 1) || !Number.isSafeInteger(everySteps) || everySteps < 1)
    throw new DpoError(
      'reference.out-of-range',
      `A moving reference needs a share in (0, 1] and whole steps from 1 on, got ${mixup} and ${everySteps}.`,
      { values: { mixup, everySteps } },
    );
  const variables = new Map<string, Variable>();
  for (const [name, variable] of policy.trainable())
    variables.set(name, policy.engine.variable(`reference/${name}`, variable.shape, await variable.read()));
  return {
    logps: (scope, batch) => {
      const own = new Map([...variables].map(([name, variable]) => [name, scope.read(variable)]));
      return { tokens: policy.tokenLogps(parameters(policy, scope, own), batch).logps };
    },
    moving: { variables, mixup, everySteps },
  };
}

/**
 * A reference of log-probabilities that were computed before, summed over answers. For each of the method's answers by name
 * (`chosen`, `rejected`, …) there is one number to an example; for rankings there is a list of examples with a number to each
 * answer.
 *
 * @throws DpoError `reference.missing` in training, when an example has no finite number
 */
export function precomputedReference(
  logps: Readonly<Record<string, ArrayLike<number>>> | readonly (readonly number[])[],
): Reference {
  const ofExample = (index: number, names: readonly string[]): readonly number[] => {
    if (!isByExample(logps)) return names.map((name) => finiteLogp(logps[name]?.[index], name, index));
    const answers = logps[index];
    if (answers === undefined) throw missingLogp('first', index);
    return answers.map((logp, k) => finiteLogp(logp, `${k + 1}.`, index));
  };
  return {
    numbers: ({ indices, names }) => ({ kind: 'answers', values: indices.map((index) => ofExample(index, names)) }),
    logps: (_scope, _batch, { answers }) => ({ answers }),
  };
}

/**
 * A reference of log-probabilities that were computed before, of each token, by the answers' names, as {@link tokenLogps} gives
 * them. Methods that weigh tokens need such a reference.
 *
 * @throws DpoError `reference.missing` in training, when an example has no numbers
 */
export function precomputedTokens(logps: Readonly<Record<string, readonly ArrayLike<number>[]>>): Reference {
  const ofAnswer = (name: string, index: number) => {
    const tokens = logps[name]?.[index];
    if (tokens === undefined) throw missingLogp(name, index);
    return tokens;
  };
  return {
    numbers: ({ indices, names }) => ({
      kind: 'tokens',
      values: indices.map((index) => names.map((name) => ofAnswer(name, index))),
    }),
    logps: (_scope, _batch, { tokens }) => ({ tokens }),
  };
}

function isByExample<T extends object>(
  logps: T | readonly (readonly number[])[],
): logps is readonly (readonly number[])[] {
  return Array.isArray(logps);
}

/** No reference: log π_ref = 0 for every answer. For methods that read none. */
export function noReference(): Reference {
  return { logps: () => ({}) };
}

function finiteLogp(logp: number | undefined, side: string, row: number): number {
  if (logp !== undefined && Number.isFinite(logp)) return logp;
  throw missingLogp(side, row);
}

function missingLogp(side: string, row: number): DpoError {
  return new DpoError('reference.missing', `Row ${row} has no reference log-probability of its ${side} answer.`, {
    values: { row, side },
    hint: 'Compute the reference log-probabilities again, for every row of these data.',
  });
}
