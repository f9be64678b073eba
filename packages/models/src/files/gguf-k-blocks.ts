import { type Dequantise, half } from './gguf-blocks.js';

// The K-quants: 256 numbers a block, divided into sub-blocks. Each sub-block has its own small scale, a multiple of a float16 of
// the block. The layouts are those of llama.cpp's ggml-quants, the roundings those of `Dequantise`.

const round = Math.fround;

/** 16 sub-blocks of 16 numbers of 2 bits, each with a scale and an offset of 4 bits. */
export const dequantiseQ2K: Dequantise = (bytes, out, at) => {
  for (let block = 0, to = at; block < bytes.length; block += 84, to += 256) {
    const scale = half(bytes, block + 80);
    const offset = half(bytes, block + 82);
    for (let sub = 0; sub < 16; sub++) {
      const packed = bytes[block + sub] as number;
      const subScale = round(scale * (packed & 15));
      const subOffset = round(offset * (packed >> 4));
      const from = block + 16 + (sub >> 3) * 32 + (sub & 1) * 16;
      const shift = sub & 6;
      for (let i = 0; i < 16; i++) {
        const q = ((bytes[from + i] as number) >> shift) & 3;
        out[to + sub * 16 + i] = round(subScale * q) - subOffset;
      }
    }
  }
};

/** 16 sub-blocks of 16 numbers of 3 bits (two bits together, the third in a mask), each with a scale of 6 bits. */
export const dequantiseQ3K: Dequantise = (bytes, out, at) => {
  for (let block = 0, to = at; block < bytes.length; block += 110, to += 256) {
    const scale = half(bytes, block + 108);
    for (let sub = 0; sub < 16; sub++) {
      const low = (bytes[block + 96 + (sub & 7)] as number) >> (sub < 8 ? 0 : 4);
      const high = (bytes[block + 104 + (sub & 3)] as number) >> (2 * (sub >> 2));
      const subScale = round(scale * (((low & 15) | ((high & 3) << 4)) - 32));
      const from = block + 32 + (sub >> 3) * 32 + (sub & 1) * 16;
      const mask = block + (sub & 1) * 16;
      const shift = sub & 6;
      for (let i = 0; i < 16; i++) {
        const q = ((bytes[from + i] as number) >> shift) & 3;
        // A 1 in the mask means that nothing is subtracted.
        const off = (((bytes[mask + i] as number) >> (sub >> 1)) & 1) === 1 ? 0 : 4;
        out[to + sub * 16 + i] = subScale * (q - off);
      }
    }
  }
};

/** The scale of 6 bits of sub-block `sub` of 8, from 12 bytes at `at` with 8 scales and 8 offsets. */
function scale6(bytes: Uint8Array, at: number, sub: number): number {
  if (sub < 4) return (bytes[at + sub] as number) & 63;
  return ((bytes[at + 4 + sub] as number) & 15) | (((bytes[at + sub - 4] as number) >> 2) & 48);
}

/** The offset of 6 bits of sub-block `sub` of 8, from the same 12 bytes. */
function offset6(bytes: Uint8Array, at: number, sub: number): number {
  if (sub < 4) return (bytes[at + 4 + sub] as number) & 63;
  return ((bytes[at + 4 + sub] as number) >> 4) | (((bytes[at + sub] as number) >> 2) & 48);
}

/** 8 sub-blocks of 32 numbers of 4 bits, each with a scale and an offset of 6 bits. */
export const dequantiseQ4K: Dequantise = (bytes, out, at) => {
  for (let block = 0, to = at; block < bytes.length; block += 144, to += 256) {
    const scale = half(bytes, block);
    const offset = half(bytes, block + 2);
    for (let sub = 0; sub < 8; sub++) {
      const subScale = round(scale * scale6(bytes, block + 4, sub));
      const subOffset = round(offset * offset6(bytes, block + 4, sub));
      const from = block + 16 + (sub >> 1) * 32;
      const shift = (sub & 1) * 4;
      for (let i = 0; i < 32; i++) {
        const q = ((bytes[from + i] as number) >> shift) & 15;
        out[to + sub * 32 + i] = round(subScale * q) - subOffset;
      }
    }
  }
};

/** As Q4_K with a fifth bit: bit s of byte i belongs to number i of sub-block s. */
export const dequantiseQ5K: Dequantise = (bytes, out, at) => {
  for (let block = 0, to = at; block < bytes.length; block += 176, to += 256) {
    const scale = half(bytes, block);
    const offset = half(bytes, block + 2);
    for (let sub = 0; sub < 8; sub++) {
      const subScale = round(scale * scale6(bytes, block + 4, sub));
      const subOffset = round(offset * offset6(bytes, block + 4, sub));
      const from = block + 48 + (sub >> 1) * 32;
      const shift = (sub & 1) * 4;
      for (let i = 0; i < 32; i++) {
        const low = ((bytes[from + i] as number) >> shift) & 15;
        const q = low | ((((bytes[block + 16 + i] as number) >> sub) & 1) << 4);
        out[to + sub * 32 + i] = round(subScale * q) - subOffset;
      }
    }
  }
};

/** 16 sub-blocks of 16 numbers of 6 bits (four bits and two bits apart), each with a scale of 8 signed bits. */
export const dequantiseQ6K: Dequantise = (bytes, out, at) => {
  for (let block = 0, to = at; block < bytes.length; block += 210, to += 256) {
    const scale = half(bytes, block + 208);
    for (let sub = 0; sub < 16; sub++) {
      const subScale = round(scale * (((bytes[block + 192 + sub] as number) << 24) >> 24));
      const part = (sub >> 1) & 3;
      const within = (sub & 1) * 16;
      const low = block + (sub >> 3) * 64 + (part & 1) * 32 + within;
      const high = block + 128 + (sub >> 3) * 32 + within;
      const lowShift = (part >> 1) * 4;
      const highShift = part * 2;
      for (let i = 0; i < 16; i++) {
        const q =
          (((bytes[low + i] as number) >> lowShift) & 15) | ((((bytes[high + i] as number) >> highShift) & 3) << 4);
        out[to + sub * 16 + i] = subScale * (q - 32);
      }
    }
  }
};
