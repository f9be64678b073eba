import type { PackedBatch, PromptGroup } from '@dpo/base';
import { packedValues, pack as packGroups } from '@dpo/base/packing';
import { alone, type Collective, gatherPieces, isOwnPiece, type Scope, type Values } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import type * as tf from '@tensorflow/tfjs-core';
import { checkPositions } from './check-positions.js';
import type { ScoringModel } from './model.js';
import { packedBatch } from './step/forward.js';
import { decodeInputs, encodeInputs } from './step/inputs.js';
import { tokensOfAnswers } from './step/tokens-of-answers.js';

/** How prompt groups are computed in batches. */
export interface BatchOptions {
  /** Packs groups of equally many answers. Default: `pack` of `@dpo/base/packing`. */
  readonly pack?: ((groups: readonly PromptGroup[]) => PackedBatch) | undefined;
  /** Tokens that one forward pass may hold. Default 4096. */
  readonly batchTokens?: number | undefined;
  /** Is called after each batch with the number of groups that are done, and of all groups. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Aborting throws the signal's reason before the next batch. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Workers that share the batches: all of them compute the same groups at the same time, and get all results. The batches are those
   * of one worker, and so are the results. Default: this worker alone.
   */
  readonly collective?: Collective | undefined;
}

/** The computation of a batch, and the use of its outputs. */
export interface BatchWork<Output extends string> {
  /** The name of the engine function. */
  readonly name: string;
  /** The names of the outputs. */
  readonly outputs: readonly Output[];
  /** The body of the engine function. */
  readonly compute: (scope: Scope, packed: PackedInputs) => Record<Output, tf.Tensor>;
  /** Takes the outputs of a batch. */
  readonly onBatch: (batch: readonly Indexed[], packed: PackedBatch, outputs: Record<Output, Values>) => void;
}

/** A prompt group with its place among all groups. */
export interface Indexed {
  readonly group: PromptGroup;
  readonly index: number;
}

/**
 * Computes outputs of all groups, the longest groups first, in batches of equally many groups. Few shapes are therefore
 * compiled, and a lack of memory shows at the start. An aborted signal throws its reason between batches.
 *
 * @param models the models that compute, of one engine
 * @throws DpoError `model.too-few-positions` before the first batch
 */
export async function overBatches<Output extends string>(
  models: readonly [ScoringModel, ...ScoringModel[]],
  groups: readonly PromptGroup[],
  { pack = packGroups, batchTokens = 4096, onProgress, signal, collective = alone }: BatchOptions,
  { name, outputs: names, compute, onBatch }: BatchWork<Output>,
): Promise<void> {
  for (const model of models) checkPositions(model, groups);
  const run = models[0].engine.function<string, Output>(name, (scope, inputs) =>
    compute(scope, packedBatch(decodeInputs(inputs)).packed),
  );
  const packed = (batch: readonly Indexed[]) => pack(batch.map(({ group }) => group));
  const all = [...batches(groups, batchTokens)];
  const own: number[][] = [];
  let done = 0;
  try {
    for (const [i, batch] of all.entries()) {
      signal?.throwIfAborted();
      if (isOwnPiece(i, collective)) {
        const inputs = packed(batch);
        const outputs = await run(encodeInputs({ batch: packedValues(inputs), lengths: sizesOf(inputs) }));
        onBatch(batch, inputs, outputs);
        if (collective.size > 1) own.push(joined(outputs, names));
      }
      done = Math.min(groups.length, done + batch.length);
      onProgress?.(done, groups.length);
    }
    if (collective.size === 1) return;
    for (const [i, numbers] of (await gatherPieces(own, all.length, collective)).entries()) {
      const batch = all[i] as readonly Indexed[];
      if (!isOwnPiece(i, collective)) onBatch(batch, packed(batch), apart(numbers, names));
    }
  } finally {
    run.dispose();
  }
}

/** The outputs of a batch as one list: the length of each output, and its numbers. */
function joined<Output extends string>(outputs: Record<Output, Values>, names: readonly Output[]): number[] {
  return names.flatMap((name) => [outputs[name].data.length, ...outputs[name].data]);
}

/** The inverse of {@link joined}, as vectors. */
function apart<Output extends string>(numbers: readonly number[], names: readonly Output[]): Record<Output, Values> {
  let from = 0;
  const values = names.map((name): [Output, Values] => {
    const length = numbers[from] ?? 0;
    const data = Float32Array.from(numbers.slice(from + 1, from + 1 + length));
    from += 1 + length;
    return [name, { dtype: 'float32', shape: [length], data }];
  });
  return Object.fromEntries(values) as Record<Output, Values>;
}

/** Divides a number to each predicted token, [R], into one list to each answer of each group of the batch. */
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

/** The lengths of the answers, whose number the engine function reads from the shape. */
function sizesOf({ lengths }: PackedBatch): Record<string, Values> {
  return { all: { dtype: 'float32', shape: [lengths.length], data: Float32Array.from(lengths) } };
}

/** Batches of equally many groups. All groups of a batch have equally many answers. */
function* batches(groups: readonly PromptGroup[], tokens: number): Generator<readonly Indexed[]> {
  const size = ({ group }: Indexed) => group.answers.reduce((sum, { length }) => sum + length, group.prompt.length);
  const byAnswers = new Map<number, Indexed[]>();
  groups.forEach((group, index) => {
    const list = byAnswers.get(group.answers.length) ?? [];
    list.push({ group, index });
    byAnswers.set(group.answers.length, list);
  });
  for (const list of byAnswers.values()) {
    const sorted = list.sort((a, b) => size(b) - size(a) || a.index - b.index);
    const [longest] = sorted;
    if (longest === undefined) continue;
    const most = Math.min(sorted.length, Math.max(1, Math.floor(tokens / size(longest))));
    // Evenly filled batches, so that few groups are computed twice to fill the last batch.
    const count = Math.ceil(sorted.length / Math.ceil(sorted.length / most));
    for (let start = 0; start < sorted.length; start += count)
      // The last batch reaches back for groups that were computed already.
      yield sorted.slice(Math.max(0, Math.min(start, sorted.length - count)), start + count);
  }
}
