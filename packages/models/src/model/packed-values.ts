import type { PackedBatch } from '@dpo/base';
import type { Values } from '@dpo/engine';
import type { PackedValues } from './types.js';

/** A packed batch as inputs of an engine function. */
export function packedValues(batch: PackedBatch): PackedValues {
  const grid = (data: Int32Array): Values => ({ dtype: 'int32', shape: [batch.rows, batch.length], data });
  const list = (data: Int32Array): Values => ({ dtype: 'int32', shape: [batch.tokens], data });
  return {
    ids: grid(batch.ids),
    positions: grid(batch.positions),
    groups: grid(batch.groups),
    answers: grid(batch.answers),
    predictors: list(batch.predictors),
    targets: list(batch.targets),
    sequence: list(batch.sequence),
  };
}
