import type { PackedBatch, PromptGroup } from '@dpo/base';
import { packedValues, pack as packGroups } from '@dpo/base/packing';
import type { Values } from '@dpo/engine';
import { parameters, type ScoringModel } from './model.js';
import { answerSums } from './step/answer-sums.js';
import { packedBatch } from './step/forward.js';
import { decodeInputs, encodeInputs } from './step/inputs.js';

/** How answers are scored. */
export interface ScoreOptions {
  /** Packs groups of equally many answers. Default: `pack` of `@dpo/base/packing`. */
  readonly pack?: ((groups: readonly PromptGroup[]) => PackedBatch) | undefined;
  /** Tokens that one forward pass may hold. Default 4096. */
  readonly batchTokens?: number | undefined;
  /** False scores the model without its adapter. */
  readonly adapter?: boolean | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * log π(y|x) of every answer of every group, in nats, summed over the answer's tokens: result[g][a].
 *
 * Groups are scored longest first in batches of equally many groups, so that few shapes are compiled and memory is at
 * its most at the start. An aborted signal throws its reason between batches.
 */
export async function sequenceLogps(
  model: ScoringModel,
  groups: readonly PromptGroup[],
  options: ScoreOptions = {},
): Promise<number[][]> {
  const result: number[][] = groups.map(() => []);
  await scoreAll(model, groups, 'answers', options, (batch, packed, { data }) => {
    const k = packed.sequences / batch.length;
    batch.forEach(({ index }, i) => {
      // Groups that only fill the last batch were scored before, with the same result.
      result[index] = [...data.subarray(i * k, (i + 1) * k)];
    });
  });
  return result;
}

/** log π of every token of every answer of every group, in nats: result[g][a][t]. Otherwise as {@link sequenceLogps}. */
export async function tokenLogps(
  model: ScoringModel,
  groups: readonly PromptGroup[],
  options: ScoreOptions = {},
): Promise<Float32Array[][]> {
  const result: Float32Array[][] = groups.map(() => []);
  await scoreAll(model, groups, 'tokens', options, (batch, { sequence }, { data }) => {
    const answers = batch.flatMap(({ group }) => group.answers.map(({ length }) => new Float32Array(length)));
    const next = new Uint32Array(answers.length);
    sequence.forEach((s, r) => {
      const answer = answers[s];
      if (answer === undefined) return;
      answer[next[s] as number] = data[r] as number;
      next[s] = (next[s] as number) + 1;
    });
    let first = 0;
    for (const { index, group } of batch) {
      result[index] = answers.slice(first, first + group.answers.length);
      first += group.answers.length;
    }
  });
  return result;
}

async function scoreAll(
  model: ScoringModel,
  groups: readonly PromptGroup[],
  of: 'answers' | 'tokens',
  options: ScoreOptions,
  onBatch: (batch: readonly Indexed[], packed: PackedBatch, logps: Values) => void,
): Promise<void> {
  const { pack = packGroups, batchTokens = 4096, adapter = true, onProgress, signal } = options;
  const score = model.engine.function<string, 'logps'>('score', (scope, inputs) => {
    const { packed } = packedBatch(decodeInputs(inputs));
    const { logps } = model.tokenLogps(parameters(model, scope), packed, { adapter });
    return { logps: of === 'tokens' ? logps : answerSums(logps, packed) };
  });
  let done = 0;
  try {
    for (const batch of batches(groups, batchTokens)) {
      signal?.throwIfAborted();
      const packed = pack(batch.map(({ group }) => group));
      const { logps } = await score(encodeInputs({ batch: packedValues(packed), lengths: sizesOf(packed) }));
      onBatch(batch, packed, logps);
      done = Math.min(groups.length, done + batch.length);
      onProgress?.(done, groups.length);
    }
  } finally {
    score.dispose();
  }
}

/** The number of answers as a static shape. */
function sizesOf({ lengths }: PackedBatch): Record<string, Values> {
  return { all: { dtype: 'float32', shape: [lengths.length], data: Float32Array.from(lengths) } };
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
