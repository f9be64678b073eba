import type { PromptGroup } from '@dpo/base';
import { type BatchOptions, overBatches, tokensByAnswer } from './_over-batches.js';
import { parameters, type ScoringModel } from './model.js';
import { answerSums } from './step/answer-sums.js';

/** How answers are scored. */
export interface ScoreOptions extends BatchOptions {
  /** False scores the model without its adapter. Default: true. */
  readonly adapter?: boolean | undefined;
}

/**
 * log π(y|x) of every answer of every group, in nats, summed over the answer's tokens: result[g][a].
 *
 * The longest groups are scored first, in batches of equally many groups. Few shapes are therefore compiled, and a lack of
 * memory shows at the start. An aborted signal throws its reason between batches.
 *
 * @throws DpoError `model.too-few-positions` when a text is longer than the model reads
 */
export async function sequenceLogps(
  model: ScoringModel,
  groups: readonly PromptGroup[],
  options: ScoreOptions = {},
): Promise<number[][]> {
  const result: number[][] = groups.map(() => []);
  const { adapter = true } = options;
  await overBatches([model], groups, options, {
    name: 'score',
    outputs: ['logps'],
    compute: (scope, packed) => ({
      logps: answerSums(model.tokenLogps(parameters(model, scope), packed, { adapter }).logps, packed),
    }),
    onBatch: (batch, packed, { logps }) => {
      const k = packed.sequences / batch.length;
      batch.forEach(({ index }, i) => {
        // The last batch is filled up with groups that were scored before; their result is the same.
        result[index] = [...logps.data.subarray(i * k, (i + 1) * k)];
      });
    },
  });
  return result;
}

/** log π of every token of every answer of every group, in nats: result[g][a][t]. Order and errors are as in {@link sequenceLogps}. */
export async function tokenLogps(
  model: ScoringModel,
  groups: readonly PromptGroup[],
  options: ScoreOptions = {},
): Promise<Float32Array[][]> {
  const result: Float32Array[][] = groups.map(() => []);
  const { adapter = true } = options;
  await overBatches([model], groups, options, {
    name: 'score',
    outputs: ['logps'],
    compute: (scope, packed) => ({
      logps: model.tokenLogps(parameters(model, scope), packed, { adapter }).logps,
    }),
    onBatch: (batch, packed, { logps }) => {
      for (const { index, answers } of tokensByAnswer(batch, packed, logps)) result[index] = answers;
    },
  });
  return result;
}
