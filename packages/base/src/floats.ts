/** The floating-point types of 2, 4 and 8 bytes in which weights are stored. */
export type FloatDtype = 'float16' | 'bfloat16' | 'float32' | 'float64';

/** The bytes of one number of each type. */
export const floatBytes: Readonly<Record<FloatDtype, number>> = { float16: 2, bfloat16: 2, float32: 4, float64: 8 };

/** An array of so many numbers: the beginning of `into` when it is long enough, otherwise a new array. */
export function roomFor(count: number, into: Float32Array<ArrayBuffer> | undefined): Float32Array<ArrayBuffer> {
  return into !== undefined && into.length >= count ? into.subarray(0, count) : new Float32Array(count);
}

/** The bits of the float32 that equals an IEEE 754 half (16 bits): subnormals, infinities and NaN payloads included. */
function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // Subnormal: fraction · 2^-24, normalised by moving its highest bit to the hidden place.
  const shift = Math.clz32(fraction) - 21;
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0;
}

let table: Float32Array<ArrayBuffer> | undefined;

/** Every half-precision number as float32, by its 16 bits. The table is shared: do not write to it. */
export function halfTable(): Float32Array<ArrayBuffer> {
  if (table === undefined) {
    table = new Float32Array(65536);
    const bits = new Uint32Array(table.buffer);
    for (let half = 0; half < 65536; half++) bits[half] = widenHalf(half);
  }
  return table;
}

/**
 * Converts little-endian numbers to float32. Exact for float16 and bfloat16, rounded to nearest for float64.
 *
 * @param bytes the numbers; the length is a multiple of a number's size
 * @param target receives the numbers from index `at` on
 */
export function widen(bytes: Uint8Array, dtype: FloatDtype, target: Float32Array, at: number): void {
  const count = bytes.length / floatBytes[dtype];
  if (dtype === 'float32') {
    new Uint8Array(target.buffer, target.byteOffset + at * 4, bytes.length).set(bytes);
  } else if (dtype === 'bfloat16') {
    const bits = new Uint32Array(target.buffer, target.byteOffset + at * 4, count);
    for (let i = 0; i < count; i++) {
      bits[i] = (((bytes[2 * i + 1] as number) << 24) | ((bytes[2 * i] as number) << 16)) >>> 0;
    }
  } else if (dtype === 'float16') {
    // Bits are copied as bits, so that the payload of a NaN survives.
    const halves = new Uint32Array(halfTable().buffer);
    const bits = new Uint32Array(target.buffer, target.byteOffset + at * 4, count);
    for (let i = 0; i < count; i++) {
      bits[i] = halves[((bytes[2 * i + 1] as number) << 8) | (bytes[2 * i] as number)] as number;
    }
  } else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i < count; i++) target[at + i] = view.getFloat64(8 * i, true);
  }
}

/**
 * Rounds float32 to bfloat16, to nearest with ties to even, as PyTorch does. NaN stays NaN.
 *
 * @param patterns receives the result, from its first element on. Default: a new array
 * @returns the 16-bit patterns, one for each number
 */
export function toBfloat16(values: Float32Array, patterns: Uint16Array = new Uint16Array(values.length)): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] as number;
    const notANumber = (word & 0x7fffffff) > 0x7f800000;
    patterns[i] = notANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return patterns;
}

/** Whether each number is a bfloat16: rounding to bfloat16 would lose nothing. */
export function isBfloat16(values: Float32Array): boolean {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let lost = 0;
  for (let i = 0; i < bits.length; i++) lost |= bits[i] as number;
  return (lost & 0xffff) === 0;
}
