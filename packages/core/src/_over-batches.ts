import type { PackedBatch, PromptGroup } from '@dpo/base';
import { packedValues, pack as packGroups } from '@dpo/base/packing';
import type { Engine, Scope, Values } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import type * as tf from '@tensorflow/tfjs-core';
import { packedBatch } from './step/forward.js';
import { decodeInputs, encodeInputs } from './step/inputs.js';
import { tokensOfAnswers } from './step/tokens-of-answers.js';

/** How groups are computed in batches. */
export interface BatchOptions {
  /** Packs groups of equally many answers. Default: `pack` of `@dpo/base/packing`. */
  readonly pack?: ((groups: readonly PromptGroup[]) => PackedBatch) | undefined;
  /** Tokens that one forward pass may hold. Default 4096. */
  readonly batchTokens?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is computed of each batch, and what becomes of it. */
export interface BatchWork<Output extends string> {
  readonly name: string;
  /** The body of an engine function. */
  readonly compute: (scope: Scope, packed: PackedInputs) => Record<Output, tf.Tensor>;
  readonly onBatch: (batch: readonly Indexed[], packed: PackedBatch, outputs: Record<Output, Values>) => void;
}

/** A group with its place among all groups. */
export interface Indexed {
  readonly group: PromptGroup;
  readonly index: number;
}

/**
 * Computes something of all groups, longest first, in batches of equally many groups, so that few shapes are compiled and memory
 * is at its most at the start. An aborted signal throws its reason between batches.
 */
export async function overBatches<Output extends string>(
  engine: Engine,
  groups: readonly PromptGroup[],
  { pack = packGroups, batchTokens = 4096, onProgress, signal }: BatchOptions,
  { name, compute, onBatch }: BatchWork<Output>,
): Promise<void> {
  const run = engine.function<string, Output>(name, (scope, inputs) =>
    compute(scope, packedBatch(decodeInputs(inputs)).packed),
  );
  let done = 0;
  try {
    for (const batch of batches(groups, batchTokens)) {
      signal?.throwIfAborted();
      const packed = pack(batch.map(({ group }) => group));
      onBatch(batch, packed, await run(encodeInputs({ batch: packedValues(packed), lengths: sizesOf(packed) })));
      done = Math.min(groups.length, done + batch.length);
      onProgress?.(done, groups.length);
    }
  } finally {
    run.dispose();
  }
}

/** A number to each predicted token, [R], as a list to each answer of each group of the batch. */
export function tokensByAnswer(
  batch: readonly Indexed[],
  packed: PackedBatch,
  { data }: Values,
): { readonly index: number; readonly answers: Float32Array[] }[] {
  const answers = tokensOfAnswers(packed, data);
  let first = 0;
  return batch.map(({ index, group }) => {
    const from = first;
    first += group.answers.length;
    return { index, answers: answers.slice(from, first) };
  });
}

/** The number of answers as a static shape. */
function sizesOf({ lengths }: PackedBatch): Record<string, Values> {
  return { all: { dtype: 'float32', shape: [lengths.length], data: Float32Array.from(lengths) } };
}

/** Batches of one number of groups each, all groups of a batch with equally many answers. */
function* batches(groups: readonly PromptGroup[], tokens: number): Generator<readonly Indexed[]> {
  const size = ({ group }: Indexed) => group.answers.reduce((sum, { length }) => sum + length, group.prompt.length);
  const byAnswers = new Map<number, Indexed[]>();
  groups.forEach((group, index) => {
    const same = byAnswers.get(group.answers.length) ?? [];
    same.push({ group, index });
    byAnswers.set(group.answers.length, same);
  });
  for (const same of byAnswers.values()) {
    const sorted = same.sort((a, b) => size(b) - size(a) || a.index - b.index);
    const [longest] = sorted;
    if (longest === undefined) continue;
    const most = Math.min(sorted.length, Math.max(1, Math.floor(tokens / size(longest))));
    // As many to each batch, so that few are scored twice to fill the last one.
    const count = Math.ceil(sorted.length / Math.ceil(sorted.length / most));
    for (let start = 0; start < sorted.length; start += count)
      // The last batch reaches back for groups that were scored already.
      yield sorted.slice(Math.max(0, Math.min(start, sorted.length - count)), start + count);
  }
}
