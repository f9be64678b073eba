import type { PackedBatch } from '../vocabulary/packed-batch.js';

/** An input of an engine function: whole numbers with their shape. */
interface Int32Values {
  readonly dtype: 'int32';
  readonly shape: readonly number[];
  readonly data: Int32Array;
}

type PackedName = 'ids' | 'positions' | 'groupNumbers' | 'answerNumbers' | 'predictors' | 'targets' | 'sequence';

/** The arrays of a packed batch with their shapes. */
export type PackedValues = Readonly<Record<PackedName, Int32Values>>;

/** A packed batch as inputs of an engine function: [B, T] for positions, [R] for predicted tokens. */
export function packedValues(batch: PackedBatch): PackedValues {
  const grid = (data: Int32Array): Int32Values => ({ dtype: 'int32', shape: [batch.packedRows, batch.length], data });
  const list = (data: Int32Array): Int32Values => ({ dtype: 'int32', shape: [batch.tokens], data });
  return {
    ids: grid(batch.ids),
    positions: grid(batch.positions),
    groupNumbers: grid(batch.groupNumbers),
    answerNumbers: grid(batch.answerNumbers),
    predictors: list(batch.predictors),
    targets: list(batch.targets),
    sequence: list(batch.sequence),
  };
}
