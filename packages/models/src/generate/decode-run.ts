import type { Values } from '@dpo/engine';
import { cacheRoom } from './cache-room.js';
import { append, type Decoding, type Lane, uniforms } from './decoding.js';
import type { DrawMode } from './draw.js';
import type { GenerateOptions } from './generate-options.js';
import { filled, type Group, nextGroup, prefillInputs } from './joining.js';
import { input, type Session, type SessionShape } from './session.js';
import type { Sessions } from './sessions.js';

/** How a run of samples is decoded. */
export interface DecodeOptions extends GenerateOptions {
  /** Lanes of the compiled functions: samples that are decoded together. */
  readonly size: number;
  /** The length of the longest prompt of all runs, in tokens. */
  readonly longest: number;
}

/** How many steps must remain for fewer lanes to pay off: another shape is compiled for them. */
const NARROW_STEPS = 24;
/** Fewer lanes than these are not faster. */
const NARROWEST = 4;

/** A run: everything that stays the same. */
interface Run {
  /** The prompts of all runs. */
  readonly texts: readonly (readonly number[] | Int32Array)[];
  readonly queue: readonly Decoding[];
  readonly options: DecodeOptions;
  readonly shape: Omit<SessionShape, 'lanes'>;
  /** The length of padded prompts. */
  readonly length: number;
  /** 1 / temperature. */
  readonly sharpness: Values;
}

/** How far a run is. */
interface Progress {
  session: Session;
  lanes: readonly Lane[];
  /** The slot of the ring for the next token. */
  slot: number;
  /** The place of the first waiting sample. */
  next: number;
}

/**
 * Decodes samples, until each has ended or has `maxNewTokens` tokens. When samples wait and a quarter of the lanes have ended, the
 * samples take these lanes, so that few lanes stand empty however different the lengths of samples are.
 *
 * The cache is a ring: all lanes write their next token into the same slot, and a lane sees as many slots back as it has tokens.
 * A prompt that joins is written into the slots before the next one. So nothing that other lanes hold changes a sample.
 *
 * @param texts the prompts of all runs
 * @param queue the samples, of prompts of similar lengths
 * @param onTokens called with the number of new tokens after each step, and after each reading of prompts
 */
export async function decodeRun(
  sessions: Sessions,
  texts: Run['texts'],
  queue: readonly Decoding[],
  options: DecodeOptions,
  onTokens: (tokens: number) => void,
): Promise<void> {
  const { size, samples = 1, maxNewTokens, temperature = 1, adapter = true, signal } = options;
  const longestHere = Math.max(...queue.map(({ prompt }) => texts[prompt]?.length ?? 0));
  const { length, slots } = cacheRoom(longestHere, options);
  const shape = { slots, mode: modeOf(options), adapter };
  const sharpness = input(Float32Array.of(temperature === 0 ? 1 : 1 / temperature), []);
  const run: Run = { texts, queue, options, shape, length, sharpness };
  const progress: Progress = {
    session: sessions.get({ ...shape, lanes: size }),
    lanes: new Array<Lane>(size).fill(undefined),
    slot: length % slots,
    next: 0,
  };
  for (;;) {
    progress.lanes = progress.lanes.map((lane) =>
      lane?.finished || lane?.tokens.length === maxNewTokens ? undefined : lane,
    );
    const { lanes, next } = progress;
    const free = [...lanes.keys()].filter((lane) => lanes[lane] === undefined);
    const place = { next, free: free.length, lanes: lanes.length, samples, prompts: texts.length };
    const group = nextGroup(queue, place);
    if (group === undefined && free.length === lanes.length) return;
    signal?.throwIfAborted();
    if (group !== undefined) {
      onTokens(await join(run, progress, group, free));
      continue;
    }
    if (next === queue.length) await narrow(sessions, run, progress);
    onTokens(await step(run, progress));
  }
}

/** Lets samples take free lanes: reads their prompts and draws their first tokens. Returns the number of new tokens. */
async function join(run: Run, progress: Progress, group: Group, free: readonly number[]): Promise<number> {
  const { texts, length, sharpness, options } = run;
  const { decodings } = group;
  const uniform = uniforms(decodings, group.lanes);
  const prompts = prefillInputs(texts, group, length, free);
  const slot = input(Int32Array.of(progress.slot), []);
  const output = await progress.session.prefill({ ...prompts, slot, uniform: input(uniform), sharpness });
  const joined = new Map(decodings.map((decoding, i) => [free[i], decoding]));
  progress.lanes = progress.lanes.map((lane, i) => joined.get(i) ?? lane);
  progress.next += decodings.length;
  return append(decodings, output, uniform, options);
}

/** Draws the next token of each sample. Returns the number of new tokens. */
async function step({ texts, shape, sharpness, options }: Run, progress: Progress): Promise<number> {
  const { lanes } = progress;
  const uniform = uniforms(lanes, lanes.length);
  const toLanes = (value: (decoding: Decoding) => number) =>
    input(Int32Array.from(lanes, (lane) => (lane === undefined ? 0 : value(lane))));
  const output = await progress.session.step({
    tokens: toLanes(({ tokens }) => tokens.at(-1) as number),
    positions: toLanes(({ prompt, tokens }) => (texts[prompt]?.length ?? 0) + tokens.length - 1),
    slot: input(Int32Array.of(progress.slot), []),
    uniform: input(uniform),
    sharpness,
  });
  progress.slot = (progress.slot + 1) % shape.slots;
  return append(lanes, output, uniform, options);
}

/** Goes on with fewer lanes when half have ended, none will be taken, and enough steps remain. */
async function narrow(sessions: Sessions, { shape, options }: Run, progress: Progress): Promise<void> {
  const { lanes, session } = progress;
  const unfinished = lanes.filter((lane) => lane !== undefined);
  const stepsLeft = Math.max(...unfinished.map(({ tokens }) => options.maxNewTokens - tokens.length));
  const width = widthFor(unfinished.length, lanes.length);
  if (stepsLeft < NARROW_STEPS || width === lanes.length) return;
  const places = unfinished.map((decoding) => lanes.indexOf(decoding));
  progress.session = await sessions.narrow(session, { ...shape, lanes: width }, filled(places, width));
  progress.lanes = Array.from({ length: width }, (_, i) => unfinished[i]);
}

function modeOf({ temperature = 1, topK, topP }: GenerateOptions): DrawMode {
  if (temperature === 0) return 'greedy';
  if (topK !== undefined || topP !== undefined) return 'filter';
  return temperature === 1 ? 'sample' : 'tempered';
}

/** The lanes for some samples: the width halved as often as the samples allow, so that few shapes are compiled. */
function widthFor(samples: number, width: number): number {
  const half = Math.ceil(width / 2);
  return samples <= half && half >= NARROWEST ? widthFor(samples, half) : width;
}
