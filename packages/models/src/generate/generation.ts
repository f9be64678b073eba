import { DpoError, type Random, random } from '@dpo/base';
import type { LanguageModel } from '../model/types.js';
import type { DrawMode } from './draw.js';
import { filteredDraw } from './filtered-draw.js';
import { input, type Session } from './session.js';
import { Sessions } from './sessions.js';

export interface GenerateOptions {
  /** Samples to a prompt. Default 1. */
  readonly samples?: number | undefined;
  readonly maxNewTokens: number;
  /** 1 draws from the model's own distribution (the default), 0 takes the likeliest token. */
  readonly temperature?: number | undefined;
  /** Draw only from the fewest likeliest tokens that hold this much of the probability. */
  readonly topP?: number | undefined;
  /** Draw only from this many likeliest tokens. */
  readonly topK?: number | undefined;
  /** Each sample has its own stream of random numbers, by seed, prompt and sample. Default 0. */
  readonly seed?: number | undefined;
  /** Tokens that end a sample. */
  readonly stopTokens?: readonly number[] | undefined;
  /** Rows that are decoded together. Default 32. */
  readonly batchSize?: number | undefined;
  /** False generates without the model's adapter. */
  readonly adapter?: boolean | undefined;
  /** Called after each step with the number of tokens drawn so far. */
  readonly onProgress?: ((tokens: number) => void) | undefined;
  /** Aborting it throws its reason before the next step. */
  readonly signal?: AbortSignal | undefined;
}

/** One sample. */
export interface Generation {
  /** Index of the prompt. */
  readonly prompt: number;
  /** Number of the sample among those of its prompt. */
  readonly sample: number;
  /** The new tokens, the stop token included if it was drawn. */
  readonly tokens: Int32Array;
  /** log π of each token under the model itself, whatever temperature it was drawn at, in nats. */
  readonly logps: Float32Array;
  /** Whether it ended with a stop token. */
  readonly finished: boolean;
}

/** A sample in the making. */
interface Row {
  readonly prompt: number;
  readonly sample: number;
  readonly uniform: Random;
  readonly tokens: number[];
  readonly logps: number[];
  finished: boolean;
}

/**
 * Continues prompts: `samples` times each, in the order prompt 0 sample 0, prompt 0 sample 1, …
 *
 * Prompts are computed once however many samples they have, rows of `batchSize` samples together, of prompts of similar
 * length. A sample depends on the model, its prompt, its number and the seed, not on what is generated with it (but for
 * rounding, which can tip a draw between two tokens).
 *
 * Throws `generate.empty-prompt`, `generate.too-long`, `generate.bad-token`, `generate.bad-option`.
 */
export async function generate(
  model: LanguageModel,
  prompts: readonly (readonly number[] | Int32Array)[],
  options: GenerateOptions,
): Promise<Generation[]> {
  checkOptions(options);
  checkPrompts(model, prompts, options.maxNewTokens);
  const { samples = 1, batchSize = 32, seed = 0 } = options;
  const rows = prompts.flatMap((_, prompt) =>
    Array.from({ length: samples }, (_, sample): Row => {
      return { prompt, sample, uniform: random(seed, prompt, sample), tokens: [], logps: [], finished: false };
    }),
  );
  const lengthOf = ({ prompt }: Row) => prompts[prompt]?.length ?? 0;
  const byLength = rows.toSorted((a, b) => lengthOf(b) - lengthOf(a) || a.prompt - b.prompt || a.sample - b.sample);
  const size = Math.min(batchSize, rows.length);
  const batches = Array.from({ length: Math.ceil(rows.length / Math.max(1, size)) }, (_, i) =>
    byLength.slice(i * size, (i + 1) * size),
  );
  const promptsPerBatch = Math.max(0, ...batches.map((batch) => new Set(batch.map(({ prompt }) => prompt)).size));

  const sessions = Sessions.of(model);
  let done = 0;
  await sessions.alone(async () => {
    for (const batch of batches)
      await continueBatch(sessions, prompts, batch, { ...options, size, promptsPerBatch }, (tokens) => {
        done += tokens;
        options.onProgress?.(done);
      });
  });
  return rows.map(({ prompt, sample, tokens, logps, finished }) => ({
    prompt,
    sample,
    tokens: Int32Array.from(tokens),
    logps: Float32Array.from(logps),
    finished,
  }));
}

interface BatchOptions extends GenerateOptions {
  /** Rows of the compiled functions; a smaller batch is filled up with copies of its last row. */
  readonly size: number;
  readonly promptsPerBatch: number;
}

async function continueBatch(
  sessions: Sessions,
  prompts: readonly (readonly number[] | Int32Array)[],
  batch: readonly Row[],
  options: BatchOptions,
  onTokens: (tokens: number) => void,
): Promise<void> {
  const { size, promptsPerBatch, maxNewTokens, temperature = 1, topK, topP, adapter = true, signal } = options;
  const filters = topK !== undefined || topP !== undefined;
  const mode: DrawMode = temperature === 0 ? 'greedy' : filters ? 'filter' : temperature === 1 ? 'sample' : 'tempered';
  const used = [...new Set(batch.map(({ prompt }) => prompt))];
  const length = bucket(Math.max(...used.map((prompt) => prompts[prompt]?.length ?? 0)));
  // The last token drawn is not read again, so it needs no slot. Every step reads all slots: few are left empty.
  const slots = Math.ceil((length + maxNewTokens - 1) / SLOTS_UNIT) * SLOTS_UNIT;
  const session = sessions.get({ rows: size, slots, mode, adapter });

  const filled = Array.from({ length: size }, (_, i) => batch[Math.min(i, batch.length - 1)] as Row);
  const padded = Array.from({ length: promptsPerBatch }, (_, i) => used[Math.min(i, used.length - 1)] as number);
  const ids = new Int32Array(promptsPerBatch * length);
  const pads = padded.map((prompt, i) => {
    const tokens = prompts[prompt] ?? [];
    ids.set(tokens, (i + 1) * length - tokens.length);
    return length - tokens.length;
  });
  const promptOfRow = Int32Array.from(filled, ({ prompt }) => used.indexOf(prompt));
  const rowPads = promptOfRow.map((i) => pads[i] as number);
  const sharpness = input(Float32Array.of(temperature === 0 ? 1 : 1 / temperature), []);

  /** Numbers in [0, 1) that stay below 1 as float32. Rows that fill the batch take none of their original's. */
  const draws = () =>
    Float32Array.from(filled, (row, i) =>
      i < batch.length && !row.finished ? Math.floor(row.uniform() * 2 ** 24) / 2 ** 24 : 0,
    );
  signal?.throwIfAborted();
  let uniform = draws();
  let output = await session.prefill({
    ids: input(ids, [promptsPerBatch, length]),
    pads: input(Int32Array.from(pads)),
    prompts: input(promptOfRow),
    uniform: input(uniform),
    sharpness,
  });
  for (let step = 1; ; step++) {
    onTokens(append(batch, output, uniform, { ...options, temperature }));
    if (step === maxNewTokens || batch.every(({ finished }) => finished)) return;
    signal?.throwIfAborted();
    uniform = draws();
    output = await session.step({
      tokens: input(Int32Array.from(filled, ({ tokens }) => tokens.at(-1) as number)),
      pads: input(rowPads),
      slot: input(Int32Array.of(length + step - 1), []),
      uniform: input(uniform),
      sharpness,
    });
  }
}

/** Slots of the cache come in multiples of this. */
const SLOTS_UNIT = 8;

type Output = Awaited<ReturnType<Session['step']>>;

/** Adds what was drawn to the rows that go on; returns how many these are. */
function append(
  batch: readonly Row[],
  output: Output,
  uniform: Float32Array,
  { temperature, topK, topP, stopTokens = [] }: GenerateOptions & { readonly temperature: number },
): number {
  const { tokens, logps, logits, total } = output;
  const choose = (i: number): readonly [token: number, logp: number] => {
    if (logits === undefined) return [tokens?.data[i] as number, logps?.data[i] as number];
    const width = logits.shape[1] as number;
    const row = logits.data.subarray(i * width, (i + 1) * width) as Float32Array;
    const token = filteredDraw(row, uniform[i] as number, { temperature, topK, topP });
    return [token, (row[token] as number) - (total?.data[i] as number)];
  };
  let count = 0;
  batch.forEach((row, i) => {
    if (row.finished) return;
    const [token, logp] = choose(i);
    row.tokens.push(token);
    row.logps.push(logp);
    row.finished = stopTokens.includes(token);
    count++;
  });
  return count;
}

/** Lengths are rounded up, so that few shapes are compiled: to 16s, beyond 128 to eighths of the power of two below. */
function bucket(length: number): number {
  const unit = Math.max(16, 2 ** Math.floor(Math.log2(length) - 3));
  return Math.ceil(length / unit) * unit;
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
        { values: { prompt, tokens: tokens.length, maxNewTokens, maxPositions }, hint: 'Shorten it, or ask for less.' },
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
