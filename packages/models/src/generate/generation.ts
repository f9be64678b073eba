import { DpoError, random } from '@dpo/base';
import { alone, type Collective, gatherPieces, isOwnPiece } from '@dpo/engine';
import type { LanguageModel } from '../model/types.js';
import { cacheBytes, cacheRoom, type Lengths } from './cache-room.js';
import { decodeRun } from './decode-run.js';
import type { Decoding } from './decoding.js';
import type { GenerateOptions } from './generate-options.js';
import { cacheStorage } from './session.js';
import { MOST_BYTES, Sessions } from './sessions.js';

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
 * `batchSize` samples are decoded together, of prompts of similar length. When some of them have ended, waiting samples take
 * their places, and a prompt is computed once for all samples that begin together. A sample depends on the model, its prompt, its
 * number and the seed, and not on the other samples (but for rounding, which can tip a draw between two tokens).
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
  const { samples = 1, maxNewTokens, seed = 0, collective = alone } = options;
  const decodings = prompts.flatMap((_, prompt) =>
    Array.from({ length: samples }, (_, sample): Decoding => {
      return { prompt, sample, uniform: random(seed, prompt, sample), tokens: [], logps: [], finished: false };
    }),
  );
  const lengthOf = ({ prompt }: Decoding) => prompts[prompt]?.length ?? 0;
  const longest = prompts.reduce((most, { length }) => Math.max(most, length), 0);
  const lengths = { longest, maxNewTokens };
  const byLength = decodings.toSorted(
    (a, b) => lengthOf(b) - lengthOf(a) || a.prompt - b.prompt || a.sample - b.sample,
  );
  const size = Math.min(options.batchSize ?? batchSizeFor(model, lengths), decodings.length);
  const runs = runsOf(byLength, size, (decoding) => cacheRoom(lengthOf(decoding), lengths).slots);
  // A single worker lets waiting samples take the places of others; pieces of workers begin and end together.
  const pieces = collective.size === 1 ? runs : inPieces(runs, size);
  const sessions = Sessions.of(model);
  let tokensSoFar = 0;
  await sessions.alone(async () => {
    for (const [i, piece] of pieces.entries())
      if (isOwnPiece(i, collective))
        await decodeRun(sessions, prompts, piece, { ...options, size, longest }, (tokens) => {
          tokensSoFar += tokens;
          options.onProgress?.(tokensSoFar);
        });
  });
  if (collective.size > 1) await sharePieces(pieces, collective);
  return decodings.map(({ prompt, sample, tokens, logps, finished }) => ({
    prompt,
    sample,
    tokens: Int32Array.from(tokens),
    logps: Float32Array.from(logps),
    finished,
  }));
}

/** Samples that are decoded together by default: more of them go faster together, but not beyond what stays open between calls. */
function batchSizeFor({ config, engine }: LanguageModel, lengths: Lengths): number {
  const { slots } = cacheRoom(lengths.longest, lengths);
  const { bytes } = cacheStorage(engine);
  return cacheBytes(config, { lanes: 64, slots, bytes }) <= MOST_BYTES ? 64 : 32;
}

/** The share of the longest texts' slots that shorter texts must need to share a cache with them. */
const SIMILAR = 0.75;

/** Samples divided into runs, each of at least `size` of them but for the last, whose texts need about as many slots. */
function runsOf(
  byLength: readonly Decoding[],
  size: number,
  slotsOf: (decoding: Decoding) => number,
): readonly (readonly Decoding[])[] {
  const runs: Decoding[][] = [];
  let most = 0;
  for (const decoding of byLength) {
    const run = runs.at(-1);
    if (run !== undefined && (run.length < size || slotsOf(decoding) >= SIMILAR * most)) run.push(decoding);
    else {
      runs.push([decoding]);
      most = slotsOf(decoding);
    }
  }
  return runs;
}

/** Runs divided into pieces of up to `size` samples. */
function inPieces(runs: readonly (readonly Decoding[])[], size: number): readonly (readonly Decoding[])[] {
  return runs.flatMap((run) =>
    Array.from({ length: Math.ceil(run.length / size) }, (_, i) => run.slice(i * size, (i + 1) * size)),
  );
}

/** Fills in the samples of the pieces that other workers have decoded. */
async function sharePieces(pieces: readonly (readonly Decoding[])[], collective: Collective): Promise<void> {
  const own = pieces
    .filter((_, i) => isOwnPiece(i, collective))
    .map((piece) =>
      piece.flatMap(({ tokens, logps, finished }) => [tokens.length, Number(finished), ...tokens, ...logps]),
    );
  const lists = await gatherPieces(own, pieces.length, collective);
  for (const [i, piece] of pieces.entries()) {
    if (isOwnPiece(i, collective)) continue;
    const numbers = lists[i] ?? [];
    let from = 0;
    for (const decoding of piece) {
      const [count = 0, finished] = numbers.slice(from, from + 2);
      const [first, last] = [from + 2 + count, from + 2 + 2 * count];
      decoding.tokens.push(...numbers.slice(from + 2, first));
      decoding.logps.push(...numbers.slice(first, last));
      decoding.finished = finished === 1;
      from = last;
    }
  }
}

function checkOptions(options: GenerateOptions): void {
  const { samples = 1, maxNewTokens, batchSize = 1, topK = 1, topP = 1, temperature = 1 } = options;
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
