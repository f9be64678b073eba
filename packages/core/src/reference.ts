import { DpoError } from '@dpo/base';
import type { Scope, Values } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import * as tf from '@tensorflow/tfjs-core';
import { parameters, type ScoringModel } from './batch.js';

/** Where log π_ref comes from: numbers that go into the compiled step with each batch, or a computation inside it. */
export interface Reference {
  /** Named inputs for these rows of the data, [rows, K] each: K answers, which have the names of `sides`. */
  inputs(rows: readonly number[], sides: readonly string[]): Readonly<Record<string, Values>>;
  /** log π_ref of each sequence of the batch, [S]. */
  logps(scope: Scope, batch: PackedInputs, inputs: Readonly<Record<string, tf.Tensor>>): tf.Tensor;
}

/** A second model scores each batch inside the step. Its weights stay as they are; it lives in the policy's engine. */
export function referenceModel(model: ScoringModel): Reference {
  return {
    inputs: () => ({}),
    logps: (scope, batch) => model.sequenceLogps(parameters(model, scope), batch),
  };
}

/** The policy without its LoRA adapter: the reference costs no memory of its own. */
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
