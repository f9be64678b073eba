import type { Random } from '@dpo/base';
import type { DrawMode } from './draw.js';
import { filteredDraw } from './filtered-draw.js';
import type { GenerateOptions } from './generate-options.js';
import { input, type Session } from './session.js';
import type { Sessions } from './sessions.js';

/** A sample that is being decoded. */
export interface Decoding {
  readonly prompt: number;
  readonly sample: number;
  readonly uniform: Random;
  readonly tokens: number[];
  readonly logps: number[];
  finished: boolean;
}

export interface BatchOptions extends GenerateOptions {
  /** Lanes of the compiled functions. A smaller batch is filled up with copies of its last sample. */
  readonly size: number;
  readonly promptsPerBatch: number;
  /** The longest prompt of all batches. */
  readonly longest: number;
}

/** Up to this length padding costs more than compiling. */
const SHORT = 32;
/** Slots of the cache come in multiples of this. */
const SLOTS_UNIT = 8;
/** Steps that must remain for fewer lanes to pay: another shape is compiled for them. */
const NARROW_STEPS = 24;
/** Fewer lanes than this are not faster. */
const NARROWEST = 4;

/** Decodes the samples of one batch together until all have ended or are as long as they may be. */
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
  const used = [...new Set(batch.map(({ prompt }) => prompt))];
  const own = bucket(Math.max(...used.map((prompt) => prompts[prompt]?.length ?? 0)));
  // Batches of short prompts have one shape.
  const length = Math.max(own, Math.min(SHORT, bucket(longest)));
  // The last token drawn is not read again, so it needs no slot. Every step reads all slots: few are left empty.
  const slots = Math.ceil((length + maxNewTokens - 1) / SLOTS_UNIT) * SLOTS_UNIT;

  const padded = Array.from({ length: promptsPerBatch }, (_, i) => used[Math.min(i, used.length - 1)] as number);
  const ids = new Int32Array(promptsPerBatch * length);
  const pads = padded.map((prompt, i) => {
    const tokens = prompts[prompt] ?? [];
    ids.set(tokens, (i + 1) * length - tokens.length);
    return length - tokens.length;
  });
  const promptOf = ({ prompt }: Decoding) => used.indexOf(prompt);
  const sharpness = input(Float32Array.of(temperature === 0 ? 1 : 1 / temperature), []);

  let going = batch;
  let width = size;
  let session = sessions.get({ lanes: width, slots, mode, adapter });
  /** A number to each lane; lanes that only fill the session repeat the last sample's. */
  const each = (value: (decoding: Decoding) => number) =>
    Int32Array.from({ length: width }, (_, i) => value(going[Math.min(i, going.length - 1)] as Decoding));
  /** Numbers in [0, 1) that stay below 1 as float32. Samples that have ended, and lanes that only fill, take none. */
  const draws = () =>
    Float32Array.from({ length: width }, (_, i) => {
      const decoding = going[i];
      return decoding === undefined || decoding.finished ? 0 : Math.floor(decoding.uniform() * 2 ** 24) / 2 ** 24;
    });

  signal?.throwIfAborted();
  let uniform = draws();
  let output = await session.prefill({
    ids: input(ids, [promptsPerBatch, length]),
    pads: input(Int32Array.from(pads)),
    prompts: input(each(promptOf)),
    uniform: input(uniform),
    sharpness,
  });
  for (let step = 1; ; step++) {
    onTokens(append(going, output, uniform, { ...options, temperature }));
    const unfinished = going.filter(({ finished }) => !finished);
    if (step === maxNewTokens || unfinished.length === 0) return;
    signal?.throwIfAborted();
    const fewer = maxNewTokens - step >= NARROW_STEPS ? widthFor(unfinished.length, width) : width;
    if (fewer < width) {
      const places = unfinished.map((decoding) => going.indexOf(decoding));
      [going, width] = [unfinished, fewer];
      const sources = Int32Array.from({ length: width }, (_, i) => places[Math.min(i, places.length - 1)] as number);
      session = await sessions.narrow(session, { lanes: width, slots, mode, adapter }, sources);
    }
    uniform = draws();
    output = await session.step({
      tokens: input(each(({ tokens }) => tokens.at(-1) as number)),
      pads: input(each((decoding) => pads[promptOf(decoding)] as number)),
      slot: input(Int32Array.of(length + step - 1), []),
      uniform: input(uniform),
      sharpness,
    });
  }
}

/** How many lanes to go on with: the width halved as often as the samples allow, so that few shapes are compiled. */
function widthFor(going: number, width: number): number {
  const half = Math.ceil(width / 2);
  return going <= half && half >= NARROWEST ? widthFor(going, half) : width;
}

type Output = Awaited<ReturnType<Session['step']>>;

/** Adds the drawn tokens to the unfinished samples; returns how many tokens these are. */
function append(
  batch: readonly Decoding[],
  output: Output,
  uniform: Float32Array,
  { temperature, topK, topP, stopTokens = [], stopWhen }: GenerateOptions & { readonly temperature: number },
): number {
  const { tokens, logps, logits, total } = output;
  const choose = (i: number): readonly [token: number, logp: number] => {
    if (logits === undefined) return [tokens?.data[i] as number, logps?.data[i] as number];
    const width = logits.shape[1] as number;
    const own = logits.data.subarray(i * width, (i + 1) * width) as Float32Array;
    const token = filteredDraw(own, uniform[i] as number, { temperature, topK, topP });
    return [token, (own[token] as number) - (total?.data[i] as number)];
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
 * Lengths are rounded up, so that few shapes are compiled: short ones to 4s, others to 16s, beyond 128 to eighths of the power
 * of two below.
 */
function bucket(length: number): number {
  const unit = length <= SHORT ? 4 : Math.max(16, 2 ** Math.floor(Math.log2(length) - 3));
  return Math.ceil(length / unit) * unit;
}
