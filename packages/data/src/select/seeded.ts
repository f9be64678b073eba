import { createHash } from 'node:crypto';

/**
 * A number in [0, 1) that depends on the seed and the key alone: the first 48 bits of their SHA-256. Draws made by it do
 * not depend on the order of rows.
 */
export function seededUnit(seed: number, ...key: readonly string[]): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...key]))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
