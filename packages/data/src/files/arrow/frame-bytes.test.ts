import { Zstd } from '@hpcc-js/wasm-zstd';
import fc from 'fast-check';
import { compressFrameSync } from 'lz4-napi';
import { expect, it } from 'vitest';
import { frameBytes } from './frame-bytes.js';

/** Bytes that compress well in part, and not at all in part. */
const contents = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(3000)), { maxLength: 12 })
  .map((parts) => Buffer.concat(parts.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))));

it('gives the unpacked size of an LZ4 frame', () => {
  fc.assert(
    fc.property(contents, fc.boolean(), (bytes, contentChecksum) => {
      const { length } = bytes;
      const frame = compressFrameSync(bytes, { contentChecksum, blockChecksums: !contentChecksum });
      expect(frameBytes(frame, 'lz4')).toEqual({ least: length, most: length });
    }),
    { numRuns: 60, seed: 3 },
  );
});

it('gives the unpacked size of a Zstandard frame, and bounds for a frame that does not say its size', async () => {
  const zstd = await Zstd.load();
  fc.assert(
    fc.property(contents, (bytes) => {
      const { length } = bytes;
      expect(frameBytes(zstd.compress(bytes), 'zstd')).toEqual({ least: length, most: length });
      zstd.reset();
      const chunk = zstd.compressChunk(bytes);
      const { least, most } = frameBytes(Buffer.concat([chunk, zstd.compressEnd()]), 'zstd');
      expect(least).toBeLessThanOrEqual(length);
      expect(most).toBeGreaterThanOrEqual(length);
    }),
    { numRuns: 60, seed: 3 },
  );
});

it('refuses frames that claim more than they hold', () => {
  // One block that repeats a byte seven times, in a frame that claims 2^31 bytes.
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x80, (7 << 3) | 3, 0, 0, 0x61]);
  expect(() => frameBytes(frame, 'zstd')).toThrow(/of at most 7 bytes says that it has 2147483648/);
  frame.writeUInt32LE(7, 5);
  expect(frameBytes(frame, 'zstd')).toEqual({ least: 7, most: 7 });
  expect(() => frameBytes(frame.subarray(0, 10), 'zstd')).toThrow(/cut off/);
  expect(() => frameBytes(frame, 'lz4')).toThrow(/no LZ4 frame/);
});
