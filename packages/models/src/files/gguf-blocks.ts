import { halfTable } from '@dpo/base/safetensors';

/**
 * Turns blocks of quantised numbers into float32. The results equal those of the `gguf` Python package bit for bit: every product
 * and every sum is rounded to float32.
 *
 * @param bytes whole blocks
 * @param out receives the numbers, from index `at` on
 */
export type Dequantise = (bytes: Uint8Array, out: Float32Array, at: number) => void;

/** The float16 in two bytes as a number. */
export function half(bytes: Uint8Array, at: number): number {
  return halfTable()[((bytes[at + 1] as number) << 8) | (bytes[at] as number)] as number;
}

const round = Math.fround;

/** 32 numbers a block: a scale, then 4 bits each. The first 16 are in the low halves of the bytes, the others in the high halves. */
export const dequantiseQ4v0: Dequantise = (bytes, out, at) => {
  for (let block = 0, to = at; block < bytes.length; block += 18, to += 32) {
    const scale = half(bytes, block);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[block + 2 + i] as number;
      out[to + i] = scale * ((byte & 15) - 8);
      out[to + 16 + i] = scale * ((byte >> 4) - 8);
    }
  }
};

/** As Q4_0, with an offset in the block instead of the fixed offset −8. */
export const dequantiseQ4v1: Dequantise = (bytes, out, at) => {
  for (let block = 0, to = at; block < bytes.length; block += 20, to += 32) {
    const scale = half(bytes, block);
    const offset = half(bytes, block + 2);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[block + 4 + i] as number;
      out[to + i] = round(scale * (byte & 15)) + offset;
      out[to + 16 + i] = round(scale * (byte >> 4)) + offset;
    }
  }
};

/** As Q4_0 with a fifth bit: bit i of 32 belongs to number i. */
export const dequantiseQ5v0: Dequantise = (bytes, out, at) => {
  for (let block = 0, to = at; block < bytes.length; block += 22, to += 32) {
    const scale = half(bytes, block);
    const high = word(bytes, block + 2);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[block + 6 + i] as number;
      out[to + i] = scale * (((byte & 15) | (((high >>> i) & 1) << 4)) - 16);
      out[to + 16 + i] = scale * (((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16);
    }
  }
};

/** As Q5_0, with an offset in the block instead of the fixed offset −16. */
export const dequantiseQ5v1: Dequantise = (bytes, out, at) => {
  for (let block = 0, to = at; block < bytes.length; block += 24, to += 32) {
    const scale = half(bytes, block);
    const offset = half(bytes, block + 2);
    const high = word(bytes, block + 4);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[block + 8 + i] as number;
      out[to + i] = round(scale * ((byte & 15) | (((high >>> i) & 1) << 4))) + offset;
      out[to + 16 + i] = round(scale * ((byte >> 4) | (((high >>> (i + 16)) & 1) << 4))) + offset;
    }
  }
};

/** 32 numbers a block: a scale, then signed bytes. */
export const dequantiseQ8v0: Dequantise = (bytes, out, at) => {
  for (let block = 0, to = at; block < bytes.length; block += 34, to += 32) {
    const scale = half(bytes, block);
    for (let i = 0; i < 32; i++) out[to + i] = scale * (((bytes[block + 2 + i] as number) << 24) >> 24);
  }
};

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
