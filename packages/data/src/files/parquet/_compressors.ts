import type { Compressors } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { frameBytes, maxUnpackedBytes } from '../arrow/frame-bytes.js';

/**
 * The functions that unpack Parquet's pages, with a limit for each row group that depends on the size of the file. A page says
 * how large it will be, and the library makes room for that before it looks at a byte of the page.
 */
export function boundedCompressors(fileBytes: number): Compressors {
  let total = 0;
  const entries = Object.entries(compressors).map(([codec, unpack]) => {
    const boundedUnpack: typeof unpack = (page, length) => {
      // Zstandard makes room for the size that its frame says.
      total += codec === 'ZSTD' ? Math.max(length, frameBytes(page, 'zstd').least) : length;
      if (length < 0 || total > maxUnpackedBytes(fileBytes)) {
        throw new RangeError(`its pages would unpack from ${fileBytes} bytes to ${total} and more`);
      }
      return unpack(page, length);
    };
    return [codec, boundedUnpack];
  });
  return Object.fromEntries(entries);
}
