import type { Random } from '@dpo/base';
import { filteredDraw } from './filtered-draw.js';
import type { GenerateOptions } from './generate-options.js';
import type { Session } from './session.js';

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
  /** Whether a stop token or `stopWhen` has ended the sample. */
  finished: boolean;
}

/** A lane that writes a sample, or none. */
export type Lane = Decoding | undefined;

/** Random numbers in [0, 1) that stay below 1 as float32, one to each sample, and 0 to lanes without one. */
export function uniforms(lanes: readonly Lane[], count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const lane = lanes[i];
    return lane === undefined ? 0 : Math.floor(lane.uniform() * 2 ** 24) / 2 ** 24;
  });
}

/** Appends the next token to each sample. Returns how many tokens they are. */
export function append(
  lanes: readonly Lane[],
  { tokens, logps, logits, total }: Awaited<ReturnType<Session['step']>>,
  uniform: Float32Array,
  { temperature = 1, topK, topP, stopTokens = [], stopWhen }: GenerateOptions,
): number {
  const choose = (i: number): readonly [token: number, logp: number] => {
    if (logits === undefined) return [tokens?.data[i] as number, logps?.data[i] as number];
    const vocabSize = logits.shape[1] as number;
    const ofLane = logits.data.subarray(i * vocabSize, (i + 1) * vocabSize) as Float32Array;
    const token = filteredDraw(ofLane, uniform[i] as number, { temperature, topK, topP });
    return [token, (ofLane[token] as number) - (total?.data[i] as number)];
  };
  let count = 0;
  lanes.forEach((lane, i) => {
    if (lane === undefined) return;
    const [token, logp] = choose(i);
    lane.tokens.push(token);
    lane.logps.push(logp);
    lane.finished = stopTokens.includes(token) || stopWhen?.(lane.tokens) === true;
    count++;
  });
  return count;
}
