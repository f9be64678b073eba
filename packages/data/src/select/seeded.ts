import { sha256 } from '#sha256';

/**
 * A number in [0, 1) that depends on the seed and the key alone: the first 48 bits of their SHA-256. Draws with this number do
 * not depend on the order of rows.
 */
export function seededUnit(seed: number, ...key: readonly string[]): number {
  const digest = sha256()
    .update(JSON.stringify([seed, ...key]))
    .bytes();
  return digest.subarray(0, 6).reduce((number, byte) => number * 256 + byte, 0) / 2 ** 48;
}
