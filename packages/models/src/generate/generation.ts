import { DpoError, random } from '@dpo/base';
import type { LanguageModel } from '../model/types.js';
import { continueBatch, type Decoding } from './continue-batch.js';
import type { GenerateOptions } from './generate-options.js';
import { Sessions } from './sessions.js';

/** A sample: an answer that the model wrote. */
export interface Generation {
  /** The index of the prompt. */
  readonly prompt: number;
  /** The number of the sample among the samples of its prompt, from 0. */
  readonly sample: number;
  /** The new tokens, a stop token included. */
  readonly tokens: Int32Array;
  /** log π of each token under the model itself, whatever the temperature of the draw, in nats. */
  readonly logps: Float32Array;
  /** Whether a stop token or `stopWhen` ended the sample. */
  readonly finished: boolean;
}

/**
 * Continues prompts, `samples` times each. The samples are in the order prompt 0 sample 0, prompt 0 sample 1, …
 *
 * A batch computes a prompt once, however many samples the prompt has there. `batchSize` samples are decoded together, of
 * prompts of similar length. A sample depends on the model, its prompt, its number and the seed, and not on the other samples
 * (but for rounding, which can tip a draw between two tokens).
 *
 * @param prompts token ids
 * @throws {DpoError} `generate.empty-prompt`, `generate.too-long`, `generate.bad-token`, `generate.bad-option`;
 * `model.not-a-language-model` for a reward model.
 */
export async function generate(
  model: LanguageModel,
  prompts: readonly (readonly number[] | Int32Array)[],
  options: GenerateOptions,
): Promise<Generation[]> {
  checkOptions(options);
  checkWrites(model);
  checkPrompts(model, prompts, options.maxNewTokens);
  const { samples = 1, batchSize = 32, seed = 0 } = options;
  const decodings = prompts.flatMap((_, prompt) =>
    Array.from({ length: samples }, (_, sample): Decoding => {
      return { prompt, sample, uniform: random(seed, prompt, sample), tokens: [], logps: [], finished: false };
    }),
  );
  const lengthOf = ({ prompt }: Decoding) => prompts[prompt]?.length ?? 0;
  const byLength = decodings.toSorted(
    (a, b) => lengthOf(b) - lengthOf(a) || a.prompt - b.prompt || a.sample - b.sample,
  );
  const size = Math.min(batchSize, decodings.length);
  const batches = Array.from({ length: Math.ceil(decodings.length / Math.max(1, size)) }, (_, i) =>
    byLength.slice(i * size, (i + 1) * size),
  );
  const promptsPerBatch = Math.max(0, ...batches.map((batch) => new Set(batch.map(({ prompt }) => prompt)).size));

  const longest = prompts.reduce((most, { length }) => Math.max(most, length), 0);
  const sessions = Sessions.of(model);
  let tokensSoFar = 0;
  await sessions.alone(async () => {
    for (const batch of batches)
      await continueBatch(sessions, prompts, batch, { ...options, size, promptsPerBatch, longest }, (tokens) => {
        tokensSoFar += tokens;
        options.onProgress?.(tokensSoFar);
      });
  });
  return decodings.map(({ prompt, sample, tokens, logps, finished }) => ({
    prompt,
    sample,
    tokens: Int32Array.from(tokens),
    logps: Float32Array.from(logps),
    finished,
  }));
}

function checkOptions(options: GenerateOptions): void {
  const { samples = 1, maxNewTokens, batchSize = 32, topK = 1, topP = 1, temperature = 1 } = options;
  for (const [name, value] of Object.entries({ samples, maxNewTokens, batchSize, topK }))
    if (!Number.isSafeInteger(value) || value < 1) throw badOption(name, value, 'a whole number above 0');
  if (!(topP > 0 && topP <= 1)) throw badOption('topP', topP, 'above 0 and at most 1');
  if (!(temperature >= 0 && Number.isFinite(temperature))) throw badOption('temperature', temperature, '0 or above');
}

function badOption(name: string, received: number, expected: string): DpoError {
  return new DpoError('generate.bad-option', `${name} must be ${expected}, not ${received}.`, {
    values: { option: name, received, expected },
  });
}

function checkWrites({ decoder }: LanguageModel): void {
  if (decoder.labels === undefined) return;
  throw new DpoError('model.not-a-language-model', 'A reward model writes no text: it has a score head.', {
    hint: 'Generate with the language model that it was trained from.',
  });
}

function checkPrompts(
  { maxPositions, vocabSize }: LanguageModel,
  prompts: readonly ArrayLike<number>[],
  maxNewTokens: number,
): void {
  for (const [prompt, tokens] of prompts.entries()) {
    if (tokens.length === 0)
      throw new DpoError('generate.empty-prompt', `Prompt ${prompt} has no tokens to continue.`, {
        values: { prompt },
      });
    if (tokens.length + maxNewTokens > maxPositions)
      throw new DpoError(
        'generate.too-long',
        `Prompt ${prompt} has ${tokens.length} tokens, which with ${maxNewTokens} new ones is more than the model’s ${maxPositions} positions.`,
        {
          values: { prompt, tokens: tokens.length, maxNewTokens, maxPositions },
          hint: 'Shorten the prompt, or make maxNewTokens smaller.',
        },
      );
    const wrong = Array.from(tokens).find((id) => !(Number.isSafeInteger(id) && id >= 0 && id < vocabSize));
    if (wrong !== undefined)
      throw new DpoError(
        'generate.bad-token',
        `Prompt ${prompt} has token ${wrong}, but ids go from 0 to ${vocabSize - 1}.`,
        {
          values: { prompt, token: wrong, vocabSize },
        },
      );
  }
}
