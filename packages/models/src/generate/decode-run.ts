import type { Random } from '@dpo/base';
import type { DrawMode } from './draw.js';
import { filteredDraw } from './filtered-draw.js';
import type { GenerateOptions } from './generate-options.js';
import { input, type Session } from './session.js';
import type { Sessions } from './sessions.js';

/** A sample that is being decoded. */
export interface Decoding {
  /** The index of its prompt. */
  readonly prompt: number;
  /** Its number among the samples of its prompt. */
  readonly sample: number;
  /** The random numbers of its draws. */
  readonly uniform: Random;
  /** The tokens so far. */
  readonly tokens: number[];
  /** log π of each token, in nats. */
  readonly logps: number[];
  finished: boolean;
}

/** How a batch is decoded. */
export interface BatchOptions extends GenerateOptions {
  /** Lanes of the compiled functions. A smaller batch is filled up with copies of its last sample. */
  readonly size: number;
  /** The most prompts that any batch has. A batch with fewer prompts is filled up with copies of its last prompt. */
  readonly promptsPerBatch: number;
  /** The length of the longest prompt of all batches, in tokens. */
  readonly longest: number;
}

/** Prompts up to this length are padded to one length: another compilation would cost more than the padding. */
const SHORT = 32;
/** The number of the cache's slots is a multiple of this. */
const SLOTS_UNIT = 8;
/** How many steps must remain for fewer lanes to pay off: another shape is compiled for them. */
const NARROW_STEPS = 24;
/** Fewer lanes than these are not faster. */
const NARROWEST = 4;

/**
 * Decodes the samples of one batch together, until each has ended or has `maxNewTokens` tokens.
 *
 * @param onTokens called after each step with the number of new tokens
 */
export async function continueBatch(
  sessions: Sessions,
  prompts: readonly (readonly number[] | Int32Array)[],
  batch: readonly Decoding[],
  options: BatchOptions,
  onTokens: (tokens: number) => void,
): Promise<void> {
  const { size, promptsPerBatch, longest, maxNewTokens, temperature = 1, topK, topP, adapter = true, signal } = options;
  const filters = topK !== undefined || topP !== undefined;
  const mode: DrawMode = temperature === 0 ? 'greedy' : filters ? 'filter' : temperature === 1 ? 'sample' : 'tempered';
  const promptIndices = [...new Set(batch.map(({ prompt }) => prompt))];
  const longestHere = bucket(Math.max(...promptIndices.map((prompt) => prompts[prompt]?.length ?? 0)));
  // Batches of short prompts have one shape.
  const length = Math.max(longestHere, Math.min(SHORT, bucket(longest)));
  // The last token of a sample is not read again, so it needs no slot. Every step reads all slots, so few should be empty.
  const slots = Math.ceil((length + maxNewTokens - 1) / SLOTS_UNIT) * SLOTS_UNIT;

  const last = promptIndices.length - 1;
  const filledUp = Array.from({ length: promptsPerBatch }, (_, i) => promptIndices[Math.min(i, last)] as number);
  const ids = new Int32Array(promptsPerBatch * length);
  const pads = filledUp.map((prompt, i) => {
    const tokens = prompts[prompt] ?? [];
    ids.set(tokens, (i + 1) * length - tokens.length);
    return length - tokens.length;
  });
  const promptOf = ({ prompt }: Decoding) => promptIndices.indexOf(prompt);
  const sharpness = input(Float32Array.of(temperature === 0 ? 1 : 1 / temperature), []);

  let decodings = batch;
  let width = size;
  let session = sessions.get({ lanes: width, slots, mode, adapter });
  /** One number to each lane. Lanes that only fill the session repeat the number of the last sample. */
  const toLanes = (value: (decoding: Decoding) => number) =>
    Int32Array.from({ length: width }, (_, i) => value(decodings[Math.min(i, decodings.length - 1)] as Decoding));
  /** Random numbers in [0, 1) that stay below 1 as float32. Finished samples, and lanes that only fill, have 0. */
  const uniforms = () =>
    Float32Array.from({ length: width }, (_, i) => {
      const decoding = decodings[i];
      return decoding === undefined || decoding.finished ? 0 : Math.floor(decoding.uniform() * 2 ** 24) / 2 ** 24;
    });

  signal?.throwIfAborted();
  let uniform = uniforms();
  let output = await session.prefill({
    ids: input(ids, [promptsPerBatch, length]),
    pads: input(Int32Array.from(pads)),
    prompts: input(toLanes(promptOf)),
    uniform: input(uniform),
    sharpness,
  });
  for (let step = 1; ; step++) {
    onTokens(append(decodings, output, uniform, { ...options, temperature }));
    const unfinished = decodings.filter(({ finished }) => !finished);
    if (step === maxNewTokens || unfinished.length === 0) return;
    signal?.throwIfAborted();
    const narrower = maxNewTokens - step >= NARROW_STEPS ? widthFor(unfinished.length, width) : width;
    if (narrower < width) {
      const places = unfinished.map((decoding) => decodings.indexOf(decoding));
      [decodings, width] = [unfinished, narrower];
      const sources = Int32Array.from({ length: width }, (_, i) => places[Math.min(i, places.length - 1)] as number);
      session = await sessions.narrow(session, { lanes: width, slots, mode, adapter }, sources);
    }
    uniform = uniforms();
    output = await session.step({
      tokens: input(toLanes(({ tokens }) => tokens.at(-1) as number)),
      pads: input(toLanes((decoding) => pads[promptOf(decoding)] as number)),
      slot: input(Int32Array.of(length + step - 1), []),
      uniform: input(uniform),
      sharpness,
    });
  }
}

/** The lanes for some samples: the width halved as often as the samples allow, so that few shapes are compiled. */
function widthFor(samples: number, width: number): number {
  const half = Math.ceil(width / 2);
  return samples <= half && half >= NARROWEST ? widthFor(samples, half) : width;
}

type Output = Awaited<ReturnType<Session['step']>>;

/** Appends the next tokens to the unfinished samples. Returns how many tokens they are. */
function append(
  batch: readonly Decoding[],
  output: Output,
  uniform: Float32Array,
  { temperature, topK, topP, stopTokens = [], stopWhen }: GenerateOptions & { readonly temperature: number },
): number {
  const { tokens, logps, logits, total } = output;
  const choose = (i: number): readonly [token: number, logp: number] => {
    if (logits === undefined) return [tokens?.data[i] as number, logps?.data[i] as number];
    const vocabSize = logits.shape[1] as number;
    const ofLane = logits.data.subarray(i * vocabSize, (i + 1) * vocabSize) as Float32Array;
    const token = filteredDraw(ofLane, uniform[i] as number, { temperature, topK, topP });
    return [token, (ofLane[token] as number) - (total?.data[i] as number)];
  };
  let count = 0;
  batch.forEach((decoding, i) => {
    if (decoding.finished) return;
    const [token, logp] = choose(i);
    decoding.tokens.push(token);
    decoding.logps.push(logp);
    decoding.finished = stopTokens.includes(token) || stopWhen?.(decoding.tokens) === true;
    count++;
  });
  return count;
}

/**
 * A length rounded up, so that few shapes are compiled: short lengths to multiples of 4, others to multiples of 16, and beyond
 * 128 to multiples of an eighth of the power of two below.
 */
function bucket(length: number): number {
  const unit = length <= SHORT ? 4 : Math.max(16, 2 ** Math.floor(Math.log2(length) - 3));
  return Math.ceil(length / unit) * unit;
}
