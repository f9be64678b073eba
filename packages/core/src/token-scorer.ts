import type { PromptGroup } from '@dpo/base';
import { packedValues, planPacking } from '@dpo/base/packing';
import { alone, type Collective, gatherPieces, isOwnPiece, type Scope } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import type * as tf from '@tensorflow/tfjs-core';
import { checkPositions } from './check-positions.js';
import { parameters, type ScoringModel } from './model.js';
import { packedBatch } from './step/forward.js';
import { decodeInputs, encodeInputs, vectorValue } from './step/inputs.js';
import { tokensOfAnswers } from './step/tokens-of-answers.js';

/** A number to each token of each answer of a packed batch, [R]. For the body of an engine function. */
export type TokenNumbers = (scope: Scope, batch: PackedInputs) => tf.Tensor1D;

/** Computes a number to each token of any answers, call after call. */
export interface TokenScorer {
  /**
   * One number to every token of every answer of every group: result[g][a][t].
   *
   * @throws DpoError `model.too-few-positions` when a text is longer than the model reads
   */
  score(groups: readonly PromptGroup[]): Promise<Float32Array[][]>;
  /** Frees the compiled function. */
  dispose(): void;
}

/** How prompt groups are packed for a scorer. */
export interface TokenScorerOptions {
  /** Positions that one forward pass may hold; a single packed row may have more. Default 2048. */
  readonly positions?: number | undefined;
  /** Workers that share the forward passes of each call, and all get all numbers. Default: this worker alone. */
  readonly collective?: Collective | undefined;
}

/**
 * Opens a scorer that is compiled once for each of few shapes and serves many calls, such as one for each batch of samples.
 * `tokenLogps` compiles for a single call.
 */
export function openTokenScorer(
  model: Pick<ScoringModel, 'engine' | 'maxPositions'>,
  compute: TokenNumbers,
  { positions, collective = alone }: TokenScorerOptions = {},
): TokenScorer {
  const plan = planPacking([], { positions });
  const compiled = model.engine.function<string, 'numbers'>('score-tokens', (scope, inputs) => ({
    numbers: compute(scope, packedBatch(decodeInputs(inputs)).packed),
  }));
  return {
    async score(groups) {
      const result: Float32Array[][] = groups.map(() => []);
      checkPositions(model, groups);
      const parts = plan.pack(groups);
      const own: number[][] = [];
      for (const [i, { batch }] of parts.entries()) {
        if (!isOwnPiece(i, collective)) continue;
        const lengths = { all: vectorValue(batch.lengths) };
        const { numbers } = await compiled(encodeInputs({ batch: packedValues(batch), lengths }));
        own.push([...numbers.data]);
      }
      const ofParts = await gatherPieces(own, parts.length, collective);
      for (const [i, { indices, batch }] of parts.entries()) {
        const answers = tokensOfAnswers(batch, Float32Array.from(ofParts[i] ?? []));
        const each = answers.length / indices.length;
        indices.forEach((g, k) => {
          result[g] = answers.slice(k * each, (k + 1) * each);
        });
      }
      return result;
    },
    dispose: () => compiled.dispose(),
  };
}

/**
 * Opens a scorer of log π of each token, in nats, under a model as it is at each call. `adapter: false` leaves the model's
 * adapter out.
 */
export function openLogpScorer(
  model: ScoringModel,
  { adapter = true, ...options }: TokenScorerOptions & { readonly adapter?: boolean | undefined } = {},
): TokenScorer {
  return openTokenScorer(
    model,
    (scope, batch) => model.tokenLogps(parameters(model, scope), batch, { adapter }).logps,
    options,
  );
}
