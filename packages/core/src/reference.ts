import { DpoError } from '@dpo/base';
import type { Scope, Values, Variable } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import * as tf from '@tensorflow/tfjs-core';
import { parameters, type ScoringModel, type TrainableModel } from './batch.js';

/** Where log π_ref comes from: numbers that go into the compiled step with each batch, or a computation inside it. */
export interface Reference {
  /** Named inputs for these rows of the data, [rows, K] each: K answers, which have the names of `sides`. */
  inputs(rows: readonly number[], sides: readonly string[]): Readonly<Record<string, Values>>;
  /** log π_ref of each sequence of the batch, [S]. */
  logps(scope: Scope, batch: PackedInputs, inputs: Readonly<Record<string, tf.Tensor>>): tf.Tensor;
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
    inputs: () => ({}),
    logps: (scope, batch) => model.sequenceLogps(parameters(model, scope), batch),
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
    inputs: () => ({}),
    logps: (scope, batch) => model.sequenceLogps(parameters(model, scope), batch, { adapter: false }),
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
 * @throws DpoError `reference.out-of-range` for α outside (0, 1], or steps that are no positive whole number.
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
    inputs: () => ({}),
    logps: (scope, batch) => {
      const own = new Map([...variables].map(([name, variable]) => [name, scope.read(variable)]));
      return policy.sequenceLogps(parameters(policy, scope, own), batch);
    },
    moving: { variables, mixup, everySteps },
  };
}

/**
 * Log-probabilities that were computed before: for each of the method's answers by name (`chosen`, `rejected`, … ) one
 * number to a row of the data, or for rankings a list of rows with a number to each answer.
 *
 * @throws DpoError `reference.missing` when a row is asked for that has no finite number.
 */
export function precomputedReference(
  logps: Readonly<Record<string, ArrayLike<number>>> | readonly (readonly number[])[],
): Reference {
  const ofRow = (row: number, sides: readonly string[]): readonly number[] => {
    if (!isByRow(logps)) return sides.map((side) => known(logps[side]?.[row], side, row));
    const answers = logps[row];
    if (answers === undefined) throw missing('first', row);
    return answers.map((logp, k) => known(logp, `${k + 1}.`, row));
  };
  return {
    inputs: (rows, sides) => {
      const data = rows.flatMap((row) => ofRow(row, sides));
      return {
        reference: {
          dtype: 'float32',
          shape: [rows.length, data.length / rows.length],
          data: Float32Array.from(data),
        },
      };
    },
    logps: (_scope, _batch, { reference }) => reference as tf.Tensor,
  };
}

function isByRow<T extends object>(logps: T | readonly (readonly number[])[]): logps is readonly (readonly number[])[] {
  return Array.isArray(logps);
}

/** No reference at all: log π_ref = 0, a uniform one up to a constant. */
export function noReference(): Reference {
  return { inputs: () => ({}), logps: (_scope, { sequences }) => tf.zeros([sequences]) };
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
