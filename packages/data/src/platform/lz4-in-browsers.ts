import { DpoError } from '@dpo/base';
import type * as node from './lz4.js';

/** Stands for the function of Node. @throws DpoError `data.no-lz4` always */
export const packLz4: typeof node.packLz4 = () => {
  throw noLz4();
};

/** Stands for the function of Node. @throws DpoError `data.no-lz4` always */
export const unpackLz4: typeof node.unpackLz4 = () => {
  throw noLz4();
};

function noLz4(): DpoError {
  return new DpoError('data.no-lz4', 'The file is compressed with LZ4, which is not unpacked in browsers.', {
    hint: 'Write the file without compression, with Zstandard, or as JSON lines.',
  });
}
