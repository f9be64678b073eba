import type { PromptGroup } from '@dpo/base';
import { batchInputs, batchValues, type Pack, parameters, type ScoringModel } from './batch.js';

export interface ScoreOptions {
  readonly pack: Pack;
  /** Tokens that one forward pass may hold. Default 4096. */
  readonly batchTokens?: number | undefined;
  /** False scores the model without its adapter. */
  readonly adapter?: boolean | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * log π(y|x) of every answer of every group, in nats, summed over the answer's tokens by their weights: result[g][a].
 *
 * Groups are scored longest first in batches of equally many groups, so that few shapes are compiled and memory is at
 * its most at the start. An aborted signal throws its reason between batches.
 */
export async function sequenceLogps(
  model: ScoringModel,
  groups: readonly PromptGroup[],
  options: ScoreOptions,
): Promise<number[][]> {
  const { pack, batchTokens = 4096, adapter = true, onProgress, signal } = options;
  const score = model.engine.function<string, 'logps'>('score', (scope, inputs) => ({
    logps: model.sequenceLogps(parameters(model, scope), batchInputs(inputs), { adapter }),
  }));
  const result: number[][] = groups.map(() => []);
  let done = 0;
  try {
    for (const batch of batches(groups, batchTokens)) {
      signal?.throwIfAborted();
      const k = batch[0]?.group.answers.length ?? 1;
      const { logps } = await score(
        batchValues(
          batch.map(({ group }) => group),
          pack,
        ),
      );
      batch.forEach(({ index }, i) => {
        // Groups that only fill the last batch were scored before, with the same result.
        result[index] = [...logps.data.subarray(i * k, (i + 1) * k)];
      });
      done = Math.min(groups.length, done + batch.length);
      onProgress?.(done, groups.length);
    }
  } finally {
    score.dispose();
  }
  return result;
}

interface Indexed {
  readonly group: PromptGroup;
  readonly index: number;
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
