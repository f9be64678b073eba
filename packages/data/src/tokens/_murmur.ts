/** 128 bits as four numbers of 32. */
export type Lanes = readonly [number, number, number, number];

const ZERO: Lanes = [0, 0, 0, 0];
const [C1, C2, C3, C4] = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93];

/**
 * MurmurHash3_x86_128 of a text's UTF-16 code units, little-endian. The published form has one seed in place of four. The hash
 * is fast and evenly spread, but not secure against collisions made on purpose: for keys of our own data only.
 */
export function murmur128(text: string, [s1, s2, s3, s4]: Lanes = ZERO): Lanes {
  let [h1, h2, h3, h4] = [s1, s2, s3, s4];
  const { length } = text;
  const blocks = length & ~7;
  const word = (at: number) => text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
  for (let i = 0; i < blocks; i += 8) {
    h1 = (Math.imul(rotate(h1 ^ mix(word(i), C1, 15, C2), 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 = (Math.imul(rotate(h2 ^ mix(word(i + 2), C2, 16, C3), 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 = (Math.imul(rotate(h3 ^ mix(word(i + 4), C3, 17, C4), 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 = (Math.imul(rotate(h4 ^ mix(word(i + 6), C4, 18, C1), 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  const tail = [0, 0, 0, 0];
  for (let i = blocks; i < length; i++)
    tail[(i - blocks) >> 1] = (tail[(i - blocks) >> 1] as number) | (text.charCodeAt(i) << (16 * (i & 1)));
  h4 ^= mix(tail[3] as number, C4, 18, C1) ^ (2 * length);
  h3 ^= mix(tail[2] as number, C3, 17, C4) ^ (2 * length);
  h2 ^= mix(tail[1] as number, C2, 16, C3) ^ (2 * length);
  h1 ^= mix(tail[0] as number, C1, 15, C2) ^ (2 * length);
  return spread(...addLanes(h1, h2, h3, h4));
}

/** Finishes each lane, and adds each to the others. */
function spread(h1: number, h2: number, h3: number, h4: number): Lanes {
  return addLanes(finish(h1), finish(h2), finish(h3), finish(h4));
}

function addLanes(h1: number, h2: number, h3: number, h4: number): Lanes {
  const sum = (h1 + h2 + h3 + h4) | 0;
  return [sum, (h2 + sum) | 0, (h3 + sum) | 0, (h4 + sum) | 0];
}

function mix(k: number, before: number, by: number, after: number): number {
  return Math.imul(rotate(Math.imul(k, before), by), after);
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

function finish(h: number): number {
  let x = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
