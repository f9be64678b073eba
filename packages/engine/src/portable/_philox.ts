/**
 * Philox 4×32-10, the generator of TensorFlow's stateless random numbers: four words of a stream for each place in it.
 *
 * Source: "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), and TensorFlow's `philox_random.h`.
 */
type Words = readonly [number, number, number, number];

const [M_A, M_B] = [0xd2511f53, 0xcd9e8d57];
const [W_A, W_B] = [0x9e3779b9, 0xbb67ae85];

function philox(counter: Words, key: readonly [number, number]): Words {
  let [a, b, c, d] = counter;
  let [k, l] = key;
  for (let round = 0; round < 10; round++) {
    const [high, low] = [mulHigh(M_A, a), Math.imul(M_A, a)];
    const [high2, low2] = [mulHigh(M_B, c), Math.imul(M_B, c)];
    [a, b, c, d] = [high2 ^ b ^ k, low2, high ^ d ^ l, low];
    k = (k + W_A) | 0;
    l = (l + W_B) | 0;
  }
  return [a, b, c, d];
}

/** The upper 32 bits of the product of two unsigned words. */
function mulHigh(x: number, y: number): number {
  const [x0, x1, y0, y1] = [x & 0xffff, x >>> 16, y & 0xffff, y >>> 16];
  // Each sum stays below 2⁵³, where JavaScript is exact.
  const middle = x1 * y0 + Math.floor((x0 * y0) / 0x10000);
  return x1 * y1 + Math.floor(middle / 0x10000) + Math.floor(((middle % 0x10000) + x0 * y1) / 0x10000);
}

/**
 * Fills an array with TensorFlow's `StatelessRandomUniform` numbers for a seed: uniform in [0, 1), with 23 random bits.
 *
 * @param seed int32 [2]
 */
export function fillUniform(
  out: { [i: number]: number; readonly length: number },
  [first = 0, second = 0]: Iterable<number>,
): void {
  // The seed's two halves are widened to 64 bits, and mixed once.
  const mixed = philox([first, first >> 31, second, second >> 31], [0x3ec8f720, 0x02461e29]);
  const key = [mixed[0], mixed[1]] as const;
  for (let group = 0; 4 * group < out.length; group++) {
    const words = philox([group, 0, mixed[2], mixed[3]], key);
    for (let k = 0; k < 4 && 4 * group + k < out.length; k++)
      out[4 * group + k] = ((words[k] as number) & 0x7fffff) / 2 ** 23;
  }
}
