import { compressFrameSync, decompressFrameSync } from 'lz4-napi';

/** Packs bytes into a frame of LZ4. In browsers `lz4-in-browsers.ts` takes the place of this file. */
export function packLz4(data: Uint8Array): Uint8Array {
  return compressFrameSync(asBuffer(data));
}

/** Unpacks a frame of LZ4. */
export function unpackLz4(data: Uint8Array): Uint8Array {
  return decompressFrameSync(asBuffer(data));
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
