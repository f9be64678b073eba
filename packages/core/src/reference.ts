import { DpoError } from '@dpo/base';
import type { Scope, Values } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import * as tf from '@tensorflow/tfjs-core';
import { parameters, type ScoringModel } from './batch.js';
import type { Side } from './method.js';

/** Where log π_ref comes from: numbers that go into the compiled step with each batch, or a computation inside it. */
export interface Reference {
  /** Named inputs for these rows of the data, [rows, K] each. */
  inputs(rows: readonly number[], sides: readonly Side[]): Readonly<Record<string, Values>>;
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

/** Log-probabilities that were computed before, one for each row of the data. */
export function precomputedReference(logps: Readonly<Record<Side, ArrayLike<number>>>): Reference {
  return {
    inputs: (rows, sides) => ({
      reference: {
        dtype: 'float32',
        shape: [rows.length, sides.length],
        data: Float32Array.from(rows.flatMap((row) => sides.map((side) => known(logps[side][row], side, row)))),
      },
    }),
    logps: (_scope, _batch, { reference }) => reference as tf.Tensor,
  };
}

/** No reference at all: log π_ref = 0, a uniform one up to a constant. */
export function noReference(): Reference {
  return { inputs: () => ({}), logps: (_scope, { sequences }) => tf.zeros([sequences]) };
}

function known(logp: number | undefined, side: Side, row: number): number {
  if (logp !== undefined && Number.isFinite(logp)) return logp;
  throw new DpoError('reference.missing', `Row ${row} has no reference log-probability of its ${side} answer.`, {
    values: { row, side },
    hint: 'Compute the reference log-probabilities again, for every row of these data.',
  });
}
