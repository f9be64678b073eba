import { DpoError } from '@dpo/base';
import type { Scope, Variable } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import type * as tf from '@tensorflow/tfjs-core';
import { parameters, type ScoringModel, type TrainableModel } from './model.js';

/** Log-probabilities that were computed before: sums of answers, or one number to each token of each answer. */
export type ReferenceNumbers =
  | { readonly kind: 'answers'; readonly values: readonly (readonly number[])[] } // [N][K]
  | { readonly kind: 'tokens'; readonly values: readonly (readonly ArrayLike<number>[])[] }; // [N][K][tokens]

/** log π_ref of a packed batch: of each token, [R], or of each answer, [S] or [N, K]. Neither: 0 for all. */
export interface ReferenceLogps {
  readonly tokens?: tf.Tensor1D | undefined;
  readonly answers?: tf.Tensor | undefined;
}

/** Where log π_ref comes from: numbers that go into the compiled step with each batch, or a computation inside it. */
export interface Reference {
  /** The numbers of the answers with these names, of these examples by their numbers in the data. */
  numbers?(asked: { readonly indices: readonly number[]; readonly names: readonly string[] }): ReferenceNumbers;
  /** log π_ref of a batch; `given` is what `numbers` gave. For the body of an engine function. */
  logps(
    scope: Scope,
    batch: PackedInputs,
    given: { readonly answers?: tf.Tensor2D; readonly tokens?: tf.Tensor1D },
  ): ReferenceLogps;
  /** Where the reference follows the policy: what of it moves, which checkpoints hold too. */
  readonly moving?: MovingState | undefined;
}

/** How a reference follows the policy. */
export interface MovingState {
  readonly mixup: number;
  readonly everySteps: number;
  /** The reference's own weights, by the names that the policy's trainable ones have. */
  readonly variables: ReadonlyMap<string, Variable>;
}

/** How far and how often a reference follows the policy. */
export interface MovingReferenceOptions {
  /** α in (0, 1]: the policy's share in the new reference; 1 copies the policy. Default 0.6. */
  readonly mixup?: number | undefined;
  /** It moves after every so many steps. Default 512. */
  readonly everySteps?: number | undefined;
}

/**
 * A second model scores each batch inside the step. Its weights stay as they are; it lives in the policy's engine. For a
 * policy that goes on from a given adapter it is `cloneModel(policy)`, which copies the adapter alone.
 */
export function referenceModel(model: ScoringModel): Reference {
  return {
    logps: (scope, batch) => ({ tokens: model.tokenLogps(parameters(model, scope), batch).logps }),
  };
}

/**
 * The policy without its LoRA adapter: the reference costs no memory of its own. It is the policy as it begins where the
 * adapter is new; for a given adapter, which changes the base already, see {@link referenceModel}.
 */
export function withoutAdapter(model: ScoringModel): Reference {
  if (model.adapter === undefined)
    throw new DpoError('reference.no-adapter', 'The reference is the model without its adapter, but it has none.', {
      hint: 'Add a LoRA adapter, or give a reference model or precomputed log-probabilities.',
    });
  return {
    logps: (scope, batch) => ({
      tokens: model.tokenLogps(parameters(model, scope), batch, { adapter: false }).logps,
    }),
  };
}

/**
 * TR-DPO: a reference that starts as the policy is now and follows it, after every so many steps
 *
 *     π_ref ← α π + (1 − α) π_ref,   weight by weight
 *
 * With an adapter only the adapter's weights are kept twice. The policy must be the model that is trained. Source: arXiv
 * 2404.09656; TRL's `sync_ref_model`, whose defaults these are.
 *
 * @throws DpoError `reference.out-of-range` for α outside (0, 1], or steps that are no positive whole number
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
 * Log-probabilities that were computed before, summed over answers: for each of the method's answers by name (`chosen`,
 * `rejected`, … ) one number to an example, or for rankings a list of examples with a number to each answer.
 *
 * @throws DpoError `reference.missing` when an example is asked for that has no finite number
 */
export function precomputedReference(
  logps: Readonly<Record<string, ArrayLike<number>>> | readonly (readonly number[])[],
): Reference {
  const ofExample = (index: number, names: readonly string[]): readonly number[] => {
    if (!isByExample(logps)) return names.map((name) => known(logps[name]?.[index], name, index));
    const answers = logps[index];
    if (answers === undefined) throw missing('first', index);
    return answers.map((logp, k) => known(logp, `${k + 1}.`, index));
  };
  return {
    numbers: ({ indices, names }) => ({ kind: 'answers', values: indices.map((index) => ofExample(index, names)) }),
    logps: (_scope, _batch, { answers }) => ({ answers }),
  };
}

/**
 * Log-probabilities that were computed before, of each token, by the answers' names: what methods need that weigh tokens. From
 * {@link tokenLogps}.
 *
 * @throws DpoError `reference.missing` when an example is asked for that has no numbers
 */
export function precomputedTokens(logps: Readonly<Record<string, readonly ArrayLike<number>[]>>): Reference {
  const ofAnswer = (name: string, index: number) => {
    const tokens = logps[name]?.[index];
    if (tokens === undefined) throw missing(name, index);
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

/** No reference at all: log π_ref = 0, a uniform one up to a constant. */
export function noReference(): Reference {
  return { logps: () => ({}) };
}

function known(logp: number | undefined, side: string, row: number): number {
  if (logp !== undefined && Number.isFinite(logp)) return logp;
  throw missing(side, row);
}

function missing(side: string, row: number): DpoError {
  return new DpoError('reference.missing', `Row ${row} has no reference log-probability of its ${side} answer.`, {
    values: { row, side },
    hint: 'Compute the reference log-probabilities again, for every row of these data.',
  });
}
