import { open } from 'node:fs/promises';
import { type ByteFile, checkRange, truncatedFile } from '../bytes/byte-file.js';
import { DpoError } from '../error.js';
import { asFileError } from '../file-error.js';
import { checkEnds } from './read-text-file.js';

/** Bytes of one read. Node refuses reads of 2 GiB and more; smaller pieces cost no time. */
const piece = 64 * 1024 * 1024;

/** Opens a file for positional reads. @throws the file errors of `@dpo/base/files` with the path */
export async function openByteFile(path: string): Promise<ByteFile> {
  try {
    await checkEnds(path);
    const handle = await open(path, 'r');
    const stats = await handle.stat();
    if (!stats.isFile()) {
      await handle.close();
      throw new DpoError('file.not-a-file', `${path} is not a file.`, { values: { path } });
    }
    const size = stats.size;
    const readInto = async (offset: number, target: Uint8Array): Promise<void> => {
      checkRange(path, size, offset, target.length);
      let done = 0;
      while (done < target.length) {
        const count = Math.min(piece, target.length - done);
        const { bytesRead } = await handle.read(target, done, count, offset + done);
        if (bytesRead === 0) throw truncatedFile(path, size, offset, target.length);
        done += bytesRead;
      }
    };
    return {
      path,
      size,
      readInto,
      async read(offset, length) {
        // Checked before the allocation, since the length may come from a hostile file.
        checkRange(path, size, offset, length);
        const target = new Uint8Array(length);
        await readInto(offset, target);
        return target;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    throw asFileError(error, path);
  }
}
