import { DpoError } from '@dpo/base';
import { type BlobLike, type ByteFile, blobFile, filePieces } from '@dpo/base/bytes';
import { preferenceFormat } from '../rows/row-format.js';
import type { PreferenceDataset } from '../rows/types.js';
import { arrowBlocks } from './arrow/blocks.js';
import { spansInMemory } from './arrow/span-file.js';
import { DISGUISE_BYTES } from './disguise.js';
import { readKindByStart } from './file-kind.js';
import { type DataFile, type ReadOptions, readFile } from './read-file.js';
import { unpack } from './text/unpack.js';

/** Bytes of one read. */
const PIECE = 1 << 20;

/**
 * Reads and checks a preference dataset from a browser's file: Arrow (IPC file or stream, in memory as a whole), JSON and CSV in
 * every form that `readPreferences` reads, text also compressed by gzip or Zstandard.
 *
 * @param name the file's name, whose ending may say the format
 * @throws DpoError the errors of `readPreferences`; `data.no-parquet` for Parquet; `data.no-lz4` for Arrow with LZ4;
 * `file.unreadable` when the browser no longer reads the file
 */
export async function readPreferencesFrom(
  name: string,
  blob: BlobLike,
  options: ReadOptions = {},
): Promise<PreferenceDataset> {
  const file = blobFile(name, blob);
  const kind = readKindByStart(await file.read(0, Math.min(DISGUISE_BYTES, file.size)), name);
  if (kind === 'folder') throw noEnding(name);
  return readFile(preferenceFormat, kind, dataFile(file), options);
}

function dataFile(file: ByteFile): DataFile {
  const { path } = file;
  return {
    path,
    bytes: () => unpack(filePieces(file, PIECE), path),
    arrow: async () => arrowBlocks(spansInMemory(await file.read(0, file.size), path), path),
    parquet() {
      throw noParquet(path);
    },
  };
}

function noEnding(name: string): DpoError {
  return new DpoError('data.unknown-format', `${name} has no ending that says its format.`, {
    values: { path: name },
    hint: 'Endings: .jsonl, .json, .csv, .tsv, .arrow (text also with .gz or .zst behind).',
  });
}

function noParquet(path: string): DpoError {
  return new DpoError('data.no-parquet', `${path} is Parquet, which is not read in browsers.`, {
    values: { path },
    hint: 'Convert it: dpo data convert FILE.parquet FILE.jsonl',
  });
}
