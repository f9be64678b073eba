import type { ModelConfig } from '../architectures/types.js';

/** Prompts up to this length are padded to one length: another compilation would cost more than the padding. */
const SHORT = 32;
/** The number of the cache's slots is a multiple of this. */
const SLOTS_UNIT = 8;

/** How long prompts and new tokens may be. */
export interface Lengths {
  /** The length of the longest prompt of all, in tokens. */
  readonly longest: number;
  readonly maxNewTokens: number;
}

/**
 * The length that prompts are padded to, and the slots of the cache to a lane.
 *
 * @param longestHere the length of the longest of the prompts that share the cache
 */
export function cacheRoom(longestHere: number, { longest, maxNewTokens }: Lengths) {
  // Runs of short prompts have one shape.
  const length = Math.max(bucket(longestHere), Math.min(SHORT, bucket(longest)));
  // The last token of a sample is not read again, so it needs no slot. Every step reads all slots, so few should be empty.
  return { length, slots: Math.ceil((length + maxNewTokens - 1) / SLOTS_UNIT) * SLOTS_UNIT };
}

/** The bytes of keys and values of all layers, [lanes, KV, slots, headSize] each. */
export function cacheBytes(
  { layers, keyValueHeads, headSize }: ModelConfig,
  { lanes, slots, bytes }: { readonly lanes: number; readonly slots: number; readonly bytes: number },
): number {
  return 2 * layers * lanes * keyValueHeads * slots * headSize * bytes;
}

/**
 * A length rounded up, so that few shapes are compiled: short lengths to multiples of 4, others to multiples of 16, and beyond
 * 128 to multiples of an eighth of the power of two below.
 */
function bucket(length: number): number {
  const unit = length <= SHORT ? 4 : Math.max(16, 2 ** Math.floor(Math.log2(length) - 3));
  return Math.ceil(length / unit) * unit;
}
