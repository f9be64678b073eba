import { cacheRoom } from './cache-room.js';
import { append, type Decoding, type Lane, uniforms } from './decoding.js';
import type { DrawMode } from './draw.js';
import type { GenerateOptions } from './generate-options.js';
import { filled, nextGroup, prefillInputs } from './joining.js';
import { input } from './session.js';
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
  texts: readonly (readonly number[] | Int32Array)[],
  queue: readonly Decoding[],
  options: DecodeOptions,
  onTokens: (tokens: number) => void,
): Promise<void> {
  const { size, samples = 1, maxNewTokens, temperature = 1, adapter = true, signal } = options;
  const lengthOf = (prompt: number) => texts[prompt]?.length ?? 0;
  const { length, slots } = cacheRoom(Math.max(...queue.map(({ prompt }) => lengthOf(prompt))), options);
  const shape = { slots, mode: modeOf(options), adapter };
  const sharpness = input(Float32Array.of(temperature === 0 ? 1 : 1 / temperature), []);
  /** The lane's sample, unless it is done. */
  const active = (lane: Lane) => (lane?.finished || lane?.tokens.length === maxNewTokens ? undefined : lane);

  let session = sessions.get({ ...shape, lanes: size });
  let lanes: Lane[] = new Array<Lane>(size).fill(undefined);
  let slot = length % slots;
  let next = 0;
  for (;;) {
    lanes = lanes.map(active);
    const free = [...lanes.keys()].filter((lane) => lanes[lane] === undefined);
    const place = { next, free: free.length, lanes: lanes.length, samples, prompts: texts.length };
    const group = nextGroup(queue, place);
    if (group === undefined && free.length === lanes.length) return;
    signal?.throwIfAborted();
    const at = input(Int32Array.of(slot), []);
    if (group !== undefined) {
      const { decodings } = group;
      const uniform = uniforms(decodings, group.lanes);
      const prompts = prefillInputs(texts, group, length, free);
      const output = await session.prefill({ ...prompts, slot: at, uniform: input(uniform), sharpness });
      for (const [i, decoding] of decodings.entries()) lanes[free[i] as number] = decoding;
      next += decodings.length;
      onTokens(append(decodings, output, uniform, options));
      continue;
    }
    const unfinished = lanes.filter((lane) => lane !== undefined);
    const stepsLeft = Math.max(...unfinished.map(({ tokens }) => maxNewTokens - tokens.length));
    const width = next === queue.length && stepsLeft >= NARROW_STEPS ? widthFor(unfinished.length, lanes.length) : 0;
    if (width > 0 && width < lanes.length) {
      const places = unfinished.map((decoding) => lanes.indexOf(decoding));
      session = await sessions.narrow(session, { ...shape, lanes: width }, filled(places, width));
      lanes = Array.from({ length: width }, (_, i) => unfinished[i]);
    }
    const uniform = uniforms(lanes, lanes.length);
    const toLanes = (value: (decoding: Decoding) => number) =>
      input(Int32Array.from(lanes, (lane) => (lane === undefined ? 0 : value(lane))));
    const output = await session.step({
      tokens: toLanes(({ tokens }) => tokens.at(-1) as number),
      positions: toLanes(({ prompt, tokens }) => lengthOf(prompt) + tokens.length - 1),
      slot: at,
      uniform: input(uniform),
      sharpness,
    });
    slot = (slot + 1) % slots;
    onTokens(append(lanes, output, uniform, options));
  }
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
