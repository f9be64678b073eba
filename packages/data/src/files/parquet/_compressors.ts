import type { Compressors } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { frameBytes, mostUnpacked } from '../arrow/frame-bytes.js';

/**
 * The functions that unpack Parquet's pages, held to what a row group of a file of so many bytes may unpack to: a page says
 * itself how large it will be, and room is made for that before a byte of it is looked at.
 */
export function boundedCompressors(fileBytes: number): Compressors {
  let unpacked = 0;
  const bounded = Object.entries(compressors).map(([codec, unpack]) => {
    const held: typeof unpack = (packed, length) => {
      // Zstandard makes room for what its frame says instead.
      unpacked += codec === 'ZSTD' ? Math.max(length, frameBytes(packed, 'zstd').least) : length;
      if (length < 0 || unpacked > mostUnpacked(fileBytes)) {
        throw new RangeError(`its pages would unpack from ${fileBytes} bytes to ${unpacked} and more`);
      }
      return unpack(packed, length);
    };
    return [codec, held];
  });
  return Object.fromEntries(bounded);
}
