/** A stream of uniform random numbers in [0, 1), reproducible from its key. */
export type Random = () => number;

/**
 * A seeded stream of uniform numbers in [0, 1) with 32 random bits each (splitmix32).
 *
 * The key is a list of integers, such as `(seed, epoch)` or `(seed, prompt, sample)`. Streams with different keys are independent,
 * so a value depends on its purpose and never on the order of work.
 */
export function random(...key: readonly number[]): Random {
  let state = 0x9e3779b9;
  for (const part of key) {
    state = mix((state ^ (part | 0)) + 0x9e3779b9);
    state = mix((state ^ Math.floor(part / 4294967296)) + 0x85ebca6b);
  }
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 4294967296;
  };
}

function mix(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}

/** A permutation of 0 … n − 1 (Fisher–Yates), the same for the same key. */
export function permutation(n: number, ...key: readonly number[]): Uint32Array {
  const next = random(...key);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const swap = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swap;
  }
  return order;
}

/** A stream of independent standard normal numbers (Box–Muller, which makes two at a time). */
export function normal(uniform: Random): Random {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
